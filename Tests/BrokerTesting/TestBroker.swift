package import Broker
import Foundation
import Logging

/// A whole broker on doubles, with the shortest ways to what tests need.
package struct TestBroker {
    // swift-format-ignore: NeverUseForceTry
    package static let project = try! ProjectID("project-1")

    package let clock: ManualClock
    package let endpoint: StubTokenEndpoint
    package let store: MemoryStore
    package let sealer = PlainSealer()
    package let log = LineCollector()
    package let core: BrokerCore

    /// - Parameter random: what is drawn wherever something is drawn.
    package init(
        clock: ManualClock = ManualClock(), store: MemoryStore = MemoryStore(), random: Double = 0.5,
        mintRate: Double = 1000,
        mintBurst: Int = 1000
    ) async throws {
        self.clock = clock
        self.store = store
        endpoint = StubTokenEndpoint(clock: clock)
        core = try await BrokerCore(
            store: store, sealer: sealer, endpoint: endpoint,
            policy: BrokerCore.Policy(
                defaultTokenEndpoint: URL(string: "http://127.0.0.1/oauth2/token")!, mintRate: mintRate,
                mintBurst: mintBurst
            ),
            clock: clock, random: { random }, logger: log.logger
        )
    }

    package func perform<Request: AdminRequest>(_ request: Request) async throws -> Request.Reply {
        try await Administrator(core, for: .administrator(user: 0)).perform(request)
    }

    /// What `status` says.
    package func status() async throws -> StatusReport.Reply { try await perform(StatusReport()) }

    /// Registers a key without minting with it.
    @discardableResult
    package func addKey(_ id: String = "key-1", project: ProjectID = project, scope: String = "") async throws -> KeyID
    {
        let id = try KeyID(id)
        _ = try await perform(KeyAddition(Self.registration(id, project: project, scope: scope, verify: false)))
        clock.advance(by: .seconds(1))
        return id
    }

    package static func registration(
        _ id: KeyID, project: ProjectID = project, tokenEndpoint: String? = nil, scope: String = "", verify: Bool
    ) -> KeyRegistration {
        KeyRegistration(
            projectID: project, keyID: id, name: nil, secret: Secret("secret-of-\(id)"), tokenEndpoint: tokenEndpoint,
            scope: scope, verify: verify
        )
    }

    /// Registers a client; returns its secret.
    @discardableResult
    package func addClient(
        _ id: String = "client-1", projects: [ProjectID] = [project], users: [UInt32] = [],
        certificateNames: [CertificateName] = []
    ) async throws -> Secret {
        let added = try await perform(
            ClientAddition(
                clientID: try ClientID(id), projects: projects, users: users, certificateNames: certificateNames,
                withSecret: true
            ))
        return Secret(added.clientSecret ?? "")
    }

    /// A token of the project as the cache hands it out.
    package func token(
        of project: ProjectID = project, scope: Scope? = nil, minimumLife: Duration = .zero,
        to client: String = "client-1"
    ) async throws -> String {
        try await accessToken(of: project, scope: scope, minimumLife: minimumLife, to: client).value.reveal()
    }

    /// The same with its life.
    package func accessToken(
        of project: ProjectID = project, scope: Scope? = nil, minimumLife: Duration = .zero,
        to client: String = "client-1"
    ) async throws -> AccessToken {
        let deadline = Deadline(after: Deadline.request, from: clock.now)
        return try await core.tokens.token(
            of: project, scope: scope, minimumLife: minimumLife, to: ClientID(client), by: deadline
        )
    }

    /// Starts the refreshes that are due, and waits until they are done.
    package func refresh() async throws {
        core.refresher.refreshDue()
        try await core.flights.drained()
    }
}
