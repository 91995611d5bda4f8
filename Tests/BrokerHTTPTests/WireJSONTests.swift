import BrokerHTTP
import Foundation
import Testing

struct WireJSONTests {
    @Test func `the wire's JSON comes back as it went`() throws {
        struct Sample: Codable, Equatable {
            var projectID = "p"
            var lastUsedAt = Date(timeIntervalSince1970: 1_800_000_000)
        }
        let json = try WireJSON.encode(Sample())
        #expect(String(decoding: json, as: UTF8.self) == #"{"last_used_at":"2027-01-15T08:00:00Z","project_id":"p"}"#)
        #expect(try WireJSON.decode(Sample.self, from: json) == Sample())
    }
}
