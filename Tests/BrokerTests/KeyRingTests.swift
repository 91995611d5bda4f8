import BrokerTesting
import Testing

@testable import Broker

/// What becomes of a project's keys when one of them changes.
struct KeyRingTests {
    private typealias State = AccessKey.State

    /// Keys "0", "1", … of these states, the oldest first.
    private func ring(_ states: State...) throws -> KeyRing {
        KeyRing(try states.enumerated().map { try AccessKey.test("\($0)", state: $1) }.shuffled())
    }

    private func described(_ changes: [Change]) -> [String] {
        changes.map { change in
            switch change {
            case .setKeyState(let id, let state): "\(id) \(state)"
            case .removeKey(let id): "\(id) removed"
            default: "\(change)"
            }
        }
    }

    @Test func `the active key comes first, then those that stand by, then the disabled ones`() throws {
        let ring = try ring(.disabled, .standby, .standby, .active)
        #expect(ring.keys.map(\.id.description) == ["3", "1", "2", "0"])
        #expect(ring.active?.id.description == "3")
    }

    @Test func `activating a key demotes the active one first`() throws {
        let ring = try ring(.active, .standby, .disabled)
        #expect(described(ring.activating(ring.keys[1].id)) == ["0 standby", "1 active"])
        #expect(described(ring.activating(ring.keys[2].id)) == ["0 standby", "2 active"])
        #expect(ring.activating(ring.keys[0].id).isEmpty)
    }

    @Test func `an enabled key stands by, unless none is active`() throws {
        let withActive = try ring(.active, .disabled)
        #expect(described(withActive.enabling(withActive.keys[1])) == ["1 standby"])
        #expect(withActive.enabling(withActive.keys[0]).isEmpty)
        let without = try ring(.disabled, .disabled)
        #expect(described(without.enabling(without.keys[1])) == ["1 active"])
    }

    @Test func `the next enabled key steps in for an active one that goes`() throws {
        let ring = try ring(.active, .disabled, .standby, .standby)
        #expect(described(ring.disabling(ring.keys[0])) == ["0 disabled", "2 active"])
        #expect(described(ring.removing(ring.keys[0])) == ["0 removed", "2 active"])
        #expect(described(ring.disabling(ring.keys[1])) == ["2 disabled"])
        #expect(described(ring.removing(ring.keys[3])) == ["1 removed"])
        #expect(ring.disabling(ring.keys[3]).isEmpty)
    }

    @Test func `the last enabled key is known as such`() throws {
        let one = try ring(.active, .disabled)
        #expect(one.isLastEnabled(one.keys[0]))
        #expect(!one.isLastEnabled(one.keys[1]))
        let two = try ring(.active, .standby)
        #expect(!two.isLastEnabled(two.keys[0]))
    }
}
