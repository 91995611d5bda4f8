import Broker
import BrokerTesting
import BrokerUpstream
import Foundation
import Testing
import sinch_sandbox

/// An authorization server with a fault, and a broker as it is in production that has one key there.
struct FaultyUpstream: Sendable {
    static let secret = "secret-of~key.1_"
    static let basic = Data("key-1:\(secret)".utf8).base64EncodedString()
    static let heldToken = "the-token-in-hand"

    let core: BrokerCore
    let endpoint: WatchedTokenEndpoint
    let log: LineCollector
    /// The authorization server.
    let sandbox: Sandbox
    /// Another server, which redirects lead to.
    let bystander: Sandbox

    /// Runs the body against the fault.
    ///
    /// - Parameter holdingToken: whether the broker has a valid token already, whose refresh is due.
    static func withFault(
        _ fault: FaultRow.Fault, holdingToken: Bool = false, _ body: @Sendable (FaultyUpstream) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let (sandbox, bystander) = (Sandbox(now: { Date() }), Sandbox(now: { Date() }))
        try sandbox.registerKey(id: "key-1", secret: secret, projectID: "project-1")
        let socket = try fault.socket
        let configuration = fault.configuration(authorities: folder.path + "/ca.pem")
        try await SandboxServer.withRunning(bystander) { elsewhere in
            try await SandboxServer.withRunning(sandbox, configuration: configuration) { addresses in
                sandbox.setFaults(fault.sandboxFaults(elsewhere: elsewhere.http))
                let log = LineCollector()
                try await UpstreamClient.withRunning(trusting: configuration.caFile) { client in
                    let endpoint = WatchedTokenEndpoint(TokenEndpointClient(client, clock: SystemClock()))
                    let core = try await core(
                        endpoint, at: fault.address(of: addresses, socket: socket) + "/oauth2/token",
                        store: store(holdingToken: holdingToken), log: log
                    )
                    try await body(
                        FaultyUpstream(core: core, endpoint: endpoint, log: log, sandbox: sandbox, bystander: bystander)
                    )
                }
            }
        }
        // The socket listens for as long as the body runs.
        withExtendedLifetime(socket) {}
    }

    /// A token, asked for as a client's request asks for it.
    func token(minimumLife: Duration = .zero) async -> Result<AccessToken, any Error> {
        do {
            let project = try ProjectID("project-1")
            let deadline = Deadline(after: Deadline.request, from: SystemClock().now)
            return .success(
                try await core.tokens.token(
                    of: project, scope: nil, minimumLife: minimumLife, to: ClientID("client-1"), by: deadline
                ))
        } catch {
            return .failure(error)
        }
    }

    private static func core(
        _ endpoint: any TokenEndpoint, at address: String, store: any Store, log: LineCollector
    ) async throws -> BrokerCore {
        try await BrokerCore(
            store: store, sealer: PlainSealer(), endpoint: endpoint,
            policy: BrokerCore.Policy(
                defaultTokenEndpoint: try #require(URL(string: address)), mintRate: 5, mintBurst: 10
            ),
            clock: SystemClock(), random: { 0.5 }, logger: log.logger
        )
    }

    private static func store(holdingToken: Bool) async throws -> MemoryStore {
        let (store, sealer) = (MemoryStore(), PlainSealer())
        let key = try Broker.AccessKey.test(secret: Secret(secret))
        var changes: [Change] = [.addKey(key)]
        if holdingToken {
            let slot = key.slot(for: .none)
            let life = TokenLife(
                start: SystemClock().now.advanced(by: .seconds(-2900)), lifetime: .seconds(3599),
                refreshDue: .seconds(2700)
            )
            let sealed = try sealer.seal(Secret(heldToken), in: .token(slot))
            changes.append(.putToken(SealedToken(slot: slot, life: life, sealed: sealed)))
        }
        try await store.commit(changes, recording: [AuditRecord(at: Date(), actor: .broker, action: .keyAdded)])
        return store
    }
}
