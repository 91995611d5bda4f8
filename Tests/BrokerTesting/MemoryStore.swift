package import Broker
package import Foundation
import Synchronization

/// A store that forgets everything with the test.
package final class MemoryStore: Store {
    /// What it throws when told to fail.
    package static let full = StoreFailure(.full, file: "memory", reason: "no space left")

    private struct State {
        var keys: [KeyID: AccessKey] = [:]
        var clients: [ClientID: Client] = [:]
        var tokens: [TokenSlot: SealedToken] = [:]
        var records: [AuditRecord] = []
        var uses: [Use.Owner: Date] = [:]
        /// How many uses were saved at once at most.
        var mostUsesAtOnce = 0
        var isFull = false
        var gates: [AuditRecord.Action: Gate] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    package var records: [AuditRecord] { state.withLock { $0.records } }

    /// Drops the records so far, so that a long test does not fill memory.
    package func forget() { state.withLock { $0.records = [] } }

    /// The last uses that were saved.
    package var uses: [Use.Owner: Date] { state.withLock { $0.uses } }

    package var mostUsesAtOnce: Int { state.withLock { $0.mostUsesAtOnce } }

    package var tokens: [TokenSlot: SealedToken] { state.withLock { $0.tokens } }

    package func setFull(_ isFull: Bool) { state.withLock { $0.isFull = isFull } }

    /// Holds back every record of a kind, with the changes that come with it, until the gate opens.
    package func hold(_ action: AuditRecord.Action, by gate: Gate) { state.withLock { $0.gates[action] = gate } }

    package func contents(of extent: StoreExtent) async throws -> StoreContents {
        state.withLock { state in
            StoreContents(
                keys: Array(state.keys.values), clients: Array(state.clients.values), tokens: Array(state.tokens.values)
            )
        }
    }

    package func check() async throws -> MasterKeyCheck {
        try state.withLock { state in if state.isFull { throw Self.full } }
        return .works
    }

    package func commit(_ changes: [Change], recording records: [AuditRecord]) async throws {
        for record in records { await state.withLock { $0.gates[record.action] }?.pass() }
        try state.withLock { state in
            if state.isFull { throw Self.full }
            for change in changes {
                switch change {
                case .addKey(let key): state.keys[key.id] = key
                case .setKeyState(let id, let keyState): state.keys[id] = state.keys[id]?.with(state: keyState)
                case .removeKey(let id): state.keys[id] = nil
                case .addClient(let client): state.clients[client.id] = client
                case .setIdentities(let identities, let id): state.clients[id]?.identities = identities
                case .setClientEnabled(let id, let isEnabled): state.clients[id]?.isEnabled = isEnabled
                case .removeClient(let id): state.clients[id] = nil
                case .grant(let project, let id): state.clients[id]?.grants.insert(project)
                case .revoke(let project, let id): state.clients[id]?.grants.remove(project)
                case .addSecret(let credential, let id): state.clients[id]?.credentials.insert(credential, at: 0)
                case .endSecret(let verifier, let id, let date):
                    let index = state.clients[id]?.credentials.firstIndex { $0.verifier == verifier }
                    if let index { state.clients[id]?.credentials[index].expires = date }
                case .removeSecret(let verifier, let id):
                    state.clients[id]?.credentials.removeAll { $0.verifier == verifier }
                case .putToken(let token): state.tokens[token.slot] = token
                }
            }
            state.records += records
        }
    }

    package func record(_ record: AuditRecord) async throws {
        try await commit([], recording: [record])
    }

    package func save(_ uses: [(owner: Use.Owner, last: Date)]) async throws {
        try state.withLock { state in
            if state.isFull { throw Self.full }
            state.mostUsesAtOnce = max(state.mostUsesAtOnce, uses.count)
            for (owner, last) in uses { state.uses[owner] = last }
        }
    }

    package func removeTokens(expiredBefore date: Date) async throws {
        state.withLock { state in
            state.tokens = state.tokens.filter { token in
                token.value.life.start.wall.addingTimeInterval(token.value.life.lifetime / .seconds(1)) > date
            }
        }
    }

    /// It seals nothing.
    package func beginMasterKeyRotation(newFile: String?, recording record: AuditRecord) async throws -> Bool { false }

    package func rotateMasterKey(recording end: AuditRecord) async throws -> MasterKeyProgress {
        MasterKeyProgress(
            term: 1, total: 0, left: 0, unreadableKeys: [], masterKeyFile: "", newMasterKeyFile: nil,
            previousMasterKeyFile: nil, hasEnded: false
        )
    }

    package var unfinishedRotation: UnfinishedRotation? { nil }

    /// It has no file.
    package func backup(verifiedTo verified: AuditPosition?) async throws -> any Backup { throw Self.full }

    package func verifyAuditLog(after position: AuditPosition?, anchor: AuditPosition?) async throws -> AuditProof {
        var proof = AuditProof(first: 1, anchor: .beginning, end: 0)
        proof.isWhole = true
        return proof
    }

    package func pruneAuditLog(
        before date: Date, recording record: AuditRecord, goesOn: Bool
    ) async throws -> AuditPruning.Reply {
        try state.withLock { state in
            if state.isFull { throw Self.full }
            let count = state.records.count
            state.records.removeAll { $0.at < date }
            let removed = count - state.records.count
            if removed > 0, !goesOn { state.records.append(record) }
            return AuditPruning.Reply(removed: removed, first: 1, isComplete: true, fault: nil)
        }
    }

    package func auditLog(_ request: AuditListing) async throws -> AuditListing.Reply {
        AuditListing.Reply(entries: [], next: nil, newest: 0)
    }
}
