import BrokerTesting
import Foundation
import Testing

@testable import Broker

/// Lists in parts, in the order of their IDs.
struct PageTests {
    // swift-format-ignore: NeverUseForceTry
    private static let all = try! (0..<2500).map { try ProjectID("project-\($0)") }.shuffled()

    @Test(arguments: [1, 7, 999, 1000]) func `the parts make up the whole, in order, each once`(limit: Int) throws {
        var seen: [ProjectID] = []
        var next: ProjectID?
        repeat {
            let part = try Page(after: next, limit: limit).elements(of: Self.all) { $0 }
            #expect(part.elements.count == min(limit, Self.all.count - seen.count))
            seen += part.elements
            next = part.next
        } while next != nil
        #expect(seen == Self.all.sorted())
    }

    @Test func `a list that fits has no next part`() throws {
        #expect(try Page().elements(of: Self.all.prefix(1000)) { $0 }.next == nil)
        #expect(try Page().elements(of: Self.all.prefix(1001)) { $0 }.next != nil)
    }

    @Test(arguments: [-1, 0, 1001]) func `a part has 1 to 1000 elements, also for who asks past the command line`(
        limit: Int
    ) throws {
        #expect(throws: OperatorError.self) { _ = try Page<Project>(limit: limit) }
        let json = #"{"limit":\#(limit)}"#
        #expect(throws: OperatorError.self) {
            _ = try JSONDecoder().decode(Page<Project>.self, from: Data(json.utf8))
        }
    }

    @Test func `status counts all and shows the first hundred, and problems first`() async throws {
        let test = try await TestBroker()
        for number in 0..<120 { try await test.addKey("key-\(number)", project: ProjectID("project-\(number)")) }
        test.endpoint.fail(.keyRefused)
        await #expect(throws: BrokerError.self) { try await test.token(of: ProjectID("project-7")) }
        let status = try await test.status()
        #expect((status.projectCount, status.keyCount, status.projects.count) == (120, 120, 100))
        #expect(status.quarantinedKeys.map(\.description) == ["key-7"])
        #expect(status.problems.map(\.subject) == ["key key-7 of project project-7", "project project-7"])
        #expect(status.problems.map(\.state) == ["quarantined", "out_of_tokens"])
    }
}
