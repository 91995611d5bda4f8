import ArgumentParser
import Broker
import BrokerSQLite
import Foundation

/// Fills a data directory's database with many keys, tokens, clients and grants, for benchmarks.
///
/// The first client, `client-0`, has every other grant; it prints its secret.
@main
struct MakeRegistry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "make-registry")

    @Argument(help: "A data directory that 'token-broker init' made.") var directory: String
    @Option var keys = 1000
    @Option var clients = 100
    @Option var grants = 2000
    @Option(help: "How long ago the tokens were minted, in seconds.") var age = 0

    func run() async throws {
        let (store, sealer) = try SQLiteStore.open(
            in: DataDirectory(directory), masterKey: MasterKeyFile(directory + "/master.key")
        )
        let now = Date()
        let all = try (0..<keys).map { try key($0, sealer, created: now) }
        try await commit(all.map { .addKey($0) }, to: store)
        try await commit(all.map { .putToken(try token(of: $0, sealer, minted: now - Double(age))) }, to: store)
        let secret = Secret("tbs_benchmark")
        let verifiers = [secret] + (1..<clients).map { Secret("tbs_\($0)") }
        try await commit(
            try verifiers.enumerated().map { number, secret in
                .addClient(try client(number, sealer.verifier(of: secret), created: now))
            },
            to: store
        )
        let projects = all.map(\.project)
        try await commit(
            try (0..<grants).map { number in
                let client = number.isMultiple(of: 2) ? 0 : 1 + (number / 2) % (clients - 1)
                return .grant(projects[(number / 2) % keys], to: try ClientID("client-\(client)"))
            },
            to: store
        )
        try store.close()
        print(secret.reveal())
    }

    private func commit(_ changes: [Change], to store: SQLiteStore) async throws {
        try await store.commit(changes, recording: [AuditRecord(at: Date(), actor: .broker, action: .keyAdded)])
    }

    private func key(_ number: Int, _ sealer: some Sealer, created: Date) throws -> AccessKey {
        let id = try KeyID("key-\(number)")
        return AccessKey(
            id: id, project: try ProjectID("project-\(number)"), version: 1, name: nil, tokenEndpoint: nil,
            scope: .none, state: .active, created: created,
            secret: try sealer.seal(Secret("secret-of-\(id)"), in: .keySecret(id, version: 1, tokenEndpoint: nil))
        )
    }

    /// As long as those of Sinch, and with a life that differs a little from the others'.
    private func token(of key: AccessKey, _ sealer: some Sealer, minted: Date) throws -> SealedToken {
        let slot = key.slot(for: key.scope)
        let life = TokenLife(
            start: Moment(wall: minted, boot: .zero), lifetime: .seconds(3599),
            refreshDue: TokenLifetime.refreshDue(after: .seconds(3599), random: Double.random(in: 0..<1))
        )
        let text = "\(key.id)." + String(repeating: "x", count: 800)
        return SealedToken(slot: slot, life: life, sealed: try sealer.seal(Secret(text), in: .token(slot)))
    }

    private func client(_ number: Int, _ verifier: ClientSecretVerifier, created: Date) throws -> Client {
        Client(
            id: try ClientID("client-\(number)"), isEnabled: true,
            credentials: [Client.Credential(verifier: verifier, created: created, expires: nil)], identities: [],
            grants: [], created: created
        )
    }
}
