import Broker
import Testing

@testable import BrokerHTTP

@Suite struct ConnectionLimitTests {
    private let someone = Peer(.address("10.0.0.1", network: "10.0.0.1"))

    @Test func `one too many is refused, until another is closed`() {
        let limit = ConnectionLimit(2)
        #expect(limit.admit(someone) && limit.admit(someone))
        #expect(!limit.admit(someone))
        limit.release(someone)
        #expect(limit.admit(someone))
        #expect(!limit.admit(someone))
    }

    @Test func `a Unix user has a share, and takes nothing from the others`() {
        let limit = ConnectionLimit(10, perUser: 2)
        let users = [Peer(.user(1)), Peer(.user(2))]
        for user in users { #expect(limit.admit(user) && limit.admit(user) && !limit.admit(user)) }
        limit.release(users[0])
        #expect(limit.admit(users[0]))
        #expect(!limit.admit(users[1]))
        for _ in 0..<6 { #expect(limit.admit(someone)) }
        #expect(!limit.admit(someone))
    }

    @Test(arguments: [128, 256, 1024, 4096, 65_536])
    func `there are files for everybody, however few there are`(openFiles: Int) {
        let limits = ConnectionLimits(openFiles: openFiles)
        func most(_ limit: ConnectionLimit) -> Int { (0..<openFiles).prefix { _ in limit.admit(someone) }.count }
        let client = most(limits.client)
        #expect(client == min(4096, max(openFiles / 2, openFiles - 512)))
        let others = most(limits.operations) + most(limits.admin)
        #expect(others >= 16 && client + others + 32 <= openFiles)
    }
}
