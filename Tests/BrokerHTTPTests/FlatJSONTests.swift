import Foundation
import NIOCore
import Testing

@testable import BrokerHTTP

@Suite struct FlatJSONTests {
    @Test(arguments: ["", "plain", "é", "\"", "\\", "a\"b\\c", "\u{0}\u{1}\u{1F}\n\t", "\u{2028}\u{7F}"])
    func `any text is read as it was written`(text: String) throws {
        let json = FlatJSON.object([("text", .text(text)), ("number", .number(-7)), ("bool", .bool(true))])
        let read = try #require(try JSONSerialization.jsonObject(with: Data(json.readableBytesView)) as? [String: Any])
        #expect(read["text"] as? String == text)
        #expect(read["number"] as? Int == -7 && read["bool"] as? Bool == true && read.count == 3)
    }
}
