import Broker
import BrokerTesting
import Foundation
import Testing

@testable import BrokerSQLite

/// What an operator's request reads of a stopped broker's store.
struct StoreExtentTests {
    private static let projects = ["project-1", "project-2", "project-3"]

    private let broker: StoredBroker

    init() async throws {
        broker = try await StoredBroker()
    }

    /// Three projects with two keys each, the first of which has minted; a client of each, and one of the first two.
    private func fill() async throws {
        try await broker.run { core in
            let administrator = Administrator(core, for: .broker)
            for project in Self.projects {
                for (key, verify) in [("\(project)-a", true), ("\(project)-b", false)] {
                    let key = TestBroker.registration(try KeyID(key), project: try ProjectID(project), verify: verify)
                    _ = try await administrator.perform(KeyAddition(key))
                    broker.clock.advance(by: .seconds(1))
                }
                try await add("client-of-\(project)", to: administrator, projects: [project])
            }
            try await add("client-of-two", to: administrator, projects: ["project-1", "project-2"])
        }
        broker.clock.advance(by: .seconds(1))
    }

    private func add(_ client: String, to administrator: Administrator, projects: [String]) async throws {
        let projects = try projects.map { try ProjectID($0) }
        _ = try await administrator.perform(
            ClientAddition(clientID: try ClientID(client), projects: projects, users: [1001])
        )
    }

    private func contents(_ extent: StoreExtent) async throws -> [[String]] {
        let (store, _) = try SQLiteStore.open(in: broker.directory, masterKey: broker.masterKey)
        let contents = try await store.contents(of: extent)
        try store.close()
        return [
            contents.keys.map(\.id.description).sorted(), contents.tokens.map(\.slot.keyID.description).sorted(),
            contents.clients.map(\.id.description).sorted(),
        ]
    }

    @Test func `a part of the store is what belongs to it, and nothing else`() async throws {
        try await fill()
        let (a2, b2) = ("project-2-a", "project-2-b")
        #expect(try await contents(.part()) == [[], [], []])
        #expect(try await contents(.part(projects: [ProjectID("project-2")])) == [[a2, b2], [a2], []])
        #expect(try await contents(.part(keys: [KeyID(b2)])) == [[a2, b2], [a2], []])
        #expect(
            try await contents(.part(clients: [ClientID("client-of-project-2")])) == [
                [a2, b2], [a2], ["client-of-project-2"],
            ])
        #expect(try await contents(.part(projects: [ProjectID("unknown")])) == [[], [], []])
    }

    /// The reply, or the error, as JSON; without what is random.
    private func outcome<Request: AdminRequest>(
        of request: Request, on broker: StoredBroker, reading extent: StoreExtent
    ) async throws -> String {
        try await broker.run(reading: extent) { core in
            do {
                let encoder = JSONEncoder()
                encoder.outputFormatting = .sortedKeys
                let reply = try await Administrator(core, for: .broker).perform(request)
                return String(decoding: try encoder.encode(reply), as: UTF8.self)
                    .replacing(/"clientSecret":"[^"]*"/, with: "a secret")
            } catch let error as OperatorError {
                return "\(error.reason): \(error.message)"
            }
        }
    }

    /// What comes of a request, and what is in the store afterwards.
    private func result(of request: some AdminRequest, reading extent: StoreExtent) async throws -> [String] {
        let copy = try broker.copy()
        return [
            try await outcome(of: request, on: copy, reading: extent),
            try await outcome(of: ProjectListing(page: Page()), on: copy, reading: .everything),
            try await outcome(of: ClientListing(page: Page()), on: copy, reading: .everything),
        ]
    }

    @Test func `a request does the same to what it reads of the store as to all of it`() async throws {
        try await fill()
        let (project, key, standby) = (try ProjectID("project-2"), try KeyID("project-2-a"), try KeyID("project-2-b"))
        let client = try ClientID("client-of-two")
        let new = TestBroker.registration(try KeyID("new"), project: project, verify: true)
        let registered = TestBroker.registration(key, project: try ProjectID("project-3"), verify: false)
        let requests: [any AdminRequest] = [
            KeyAddition(new), KeyRotation(new), KeyAddition(registered), KeyVerification(standby),
            KeySecretReplacement(standby, secret: Secret("another"), verify: true),
            KeyChange(.activate, standby), KeyChange(.disable, key), KeyChange(.remove, key),
            KeyChange(.enable, try KeyID("unknown")), try KeyListing(of: project), KeyListing(page: try Page()),
            ClientAddition(clientID: client, projects: [], users: []),
            ClientAddition(clientID: try ClientID("new"), projects: [project, try ProjectID("keyless")], users: [7]),
            ClientRotation(clientID: client, overlap: 60),
            ClientChange(.grant(projectID: try ProjectID("project-3")), client),
            ClientChange(.grant(projectID: try ProjectID("keyless")), client),
            ClientChange(.revoke(projectID: project), client), ClientChange(.disable, client),
            ClientChange(.remove, client), ClientListing(page: try Page()), ProjectListing(page: try Page()),
            try StatusReport(), AuditListing(limit: 10),
        ]
        for request in requests {
            let whole = try await result(of: request, reading: .everything)
            #expect(try await result(of: request, reading: request.extent) == whole, "\(request)")
        }
    }
}
