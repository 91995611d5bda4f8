import BrokerTesting
import Foundation
import Testing

@testable import Broker

struct ClientAuthenticatorTests {
    let address = Peer(.address("127.0.0.1", network: "loopback"))

    private func authenticate(_ test: TestBroker, _ id: String?, _ secret: Secret?, from peer: Peer) async throws
        -> ClientID
    {
        try await test.core.authenticator.authorize(ClientClaim(id: id, secret: secret), from: peer).client.id
    }

    @Test func `the right secret is let in; anything else is one and the same refusal`() async throws {
        let test = try await TestBroker()
        let secret = try await test.addClient()
        #expect(try await authenticate(test, "client-1", secret, from: address).description == "client-1")
        for (id, wrong) in [("client-1", Secret("wrong")), ("nobody", secret), ("", secret), ("a b", secret)] {
            await #expect(throws: BrokerError.invalidClient) { try await authenticate(test, id, wrong, from: address) }
        }
        await #expect(throws: BrokerError.invalidClient) {
            try await authenticate(test, "client-1", nil, from: address)
        }
        await #expect(throws: BrokerError.invalidClient) { try await authenticate(test, nil, secret, from: address) }
    }

    @Test func `the audit log knows why, and nobody else`() async throws {
        let test = try await TestBroker()
        let old = try await test.addClient()
        try await test.addClient("user", users: [1001])
        _ = try await test.perform(ClientRotation(clientID: ClientID("client-1"), overlap: 60))
        test.clock.advance(by: .seconds(60))
        _ = try await test.perform(ClientChange(.disable, ClientID("user")))
        let user = Peer(.user(1001))
        let refusals: [(claim: ClientClaim, peer: Peer, reason: String)] = [
            (ClientClaim(id: "client-1", secret: Secret("wrong")), address, "wrong secret"),
            (ClientClaim(id: "client-1", secret: old), address, "secret expired"),
            (ClientClaim(id: "nobody", secret: old), address, "unknown client"),
            (ClientClaim(id: "nobody", secret: nil), user, "unknown client"),
            (.unusable, address, "malformed credentials"),
            (ClientClaim(id: "client-1", secret: nil), address, "no secret"),
            (ClientClaim(id: nil, secret: nil), user, "client disabled"),
            (ClientClaim(id: "user", secret: nil), user, "client disabled"),
            (ClientClaim(id: "client-1", secret: nil), user, "user or certificate not registered"),
            (ClientClaim(id: nil, secret: nil), Peer(.user(7)), "user or certificate not registered"),
        ]
        for (claim, peer, reason) in refusals {
            await #expect(throws: BrokerError.self) { try await test.core.authenticator.authorize(claim, from: peer) }
            #expect(test.store.records.last?.outcome == reason)
        }
    }

    @Test func `a disabled client is refused until it is enabled again`() async throws {
        let test = try await TestBroker()
        let secret = try await test.addClient()
        let id = try ClientID("client-1")
        _ = try await test.perform(ClientChange(.disable, id))
        await #expect(throws: BrokerError.invalidClient) {
            try await authenticate(test, "client-1", secret, from: address)
        }
        _ = try await test.perform(ClientChange(.enable, id))
        _ = try await authenticate(test, "client-1", secret, from: address)
    }

    @Test func `two secrets work side by side for the overlap, and then the new one alone`() async throws {
        let test = try await TestBroker()
        let old = try await test.addClient()
        let rotation = ClientRotation(clientID: try ClientID("client-1"), overlap: 60)
        let new = Secret(try #require(await test.perform(rotation).clientSecret))
        _ = try await authenticate(test, "client-1", old, from: address)
        _ = try await authenticate(test, "client-1", new, from: address)
        test.clock.advance(by: .seconds(60))
        await #expect(throws: BrokerError.invalidClient) {
            try await authenticate(test, "client-1", old, from: address)
        }
        _ = try await authenticate(test, "client-1", new, from: address)
    }

    @Test func `a second rotation does not end the secret that may be deployed, unless it is forced to`() async throws {
        let test = try await TestBroker()
        let first = try await test.addClient()
        let id = try ClientID("client-1")
        _ = try await test.perform(ClientRotation(clientID: id, overlap: 60))
        for overlap in [60, 0] {
            let again = ClientRotation(clientID: id, overlap: overlap)
            let error = await #expect(throws: OperatorError.self) { try await test.perform(again) }
            #expect(error?.reason == .conflict)
        }
        _ = try await authenticate(test, "client-1", first, from: address)
        _ = try await test.perform(ClientRotation(clientID: id, overlap: 60, ending: .older))
        await #expect(throws: BrokerError.invalidClient) {
            try await authenticate(test, "client-1", first, from: address)
        }
        test.clock.advance(by: .seconds(60))
        _ = try await test.perform(ClientRotation(clientID: id, overlap: 60))
    }

    @Test func `a registered Unix user needs no secret, and no other user gets in`() async throws {
        let test = try await TestBroker()
        try await test.addClient("client-1", users: [1001])
        #expect(try await authenticate(test, nil, nil, from: Peer(.user(1001))).description == "client-1")
        await #expect(throws: BrokerError.noCredentials(user: 1002)) {
            try await authenticate(test, nil, nil, from: Peer(.user(1002)))
        }
        await #expect(throws: BrokerError.noCredentials(user: nil)) {
            try await authenticate(test, nil, nil, from: address)
        }
    }

    @Test func `of several clients of one Unix user the ID picks one`() async throws {
        let test = try await TestBroker()
        try await test.addClient("client-1", users: [1001])
        try await test.addClient("client-2", users: [1001])
        try await test.addClient("client-3", users: [1003])
        let user = Peer(.user(1001))
        #expect(try await authenticate(test, "client-2", nil, from: user).description == "client-2")
        await #expect(throws: BrokerError.invalidClient) { try await authenticate(test, "client-3", nil, from: user) }
        let error = await #expect(throws: BrokerError.self) { try await authenticate(test, nil, nil, from: user) }
        guard case .invalidRequest = error else { throw Unexpected(error) }
    }

    private func peer(_ names: [CertificateName], for life: Duration, _ test: TestBroker) -> Peer {
        Peer(address.origin, certificates: TestCertificates(names, for: life, clock: test.clock))
    }

    @Test func `a registered certificate needs no secret until it expires, and no other one gets in`() async throws {
        let test = try await TestBroker()
        let names = [try CertificateName(.uri, "spiffe://a/b"), try CertificateName(.dns, "B.example.org")]
        try await test.addClient("client-1", certificateNames: names)
        for name in [names[0], try CertificateName(.dns, "b.EXAMPLE.org")] {
            let peer = peer([try CertificateName(.dns, "other"), name], for: .seconds(60), test)
            #expect(try await authenticate(test, nil, nil, from: peer).description == "client-1")
            #expect(try await authenticate(test, "client-1", nil, from: peer).description == "client-1")
            await #expect(throws: BrokerError.invalidClient) {
                try await authenticate(test, "client-2", nil, from: peer)
            }
            await #expect(throws: BrokerError.invalidClient) {
                try await authenticate(test, "client-1", Secret("wrong"), from: peer)
            }
        }
        let stranger = [try CertificateName(.uri, "spiffe://a/B"), try CertificateName(.uri, "dns:b.example.org")]
        await #expect(throws: BrokerError.unknownCertificate(stranger)) {
            try await authenticate(test, nil, nil, from: peer(stranger, for: .seconds(60), test))
        }
        let shown = peer(names, for: .seconds(60), test)
        test.clock.advance(by: .seconds(59.9))
        _ = try await authenticate(test, nil, nil, from: shown)
        test.clock.advance(by: .seconds(0.1))
        for id in [nil, "client-1"] {
            await #expect(throws: BrokerError.certificateRefused(CertificateRefusal("it has expired"))) {
                try await authenticate(test, id, nil, from: shown)
            }
            #expect(test.store.records.last?.outcome == "certificate refused: it has expired")
        }
    }

    @Test func `a right secret is let in whatever certificate comes with it`() async throws {
        let test = try await TestBroker()
        let secret = try await test.addClient()
        _ = try await authenticate(test, "client-1", secret, from: peer([], for: .zero, test))
    }

    @Test func `a response that rests on a certificate ends with it, its authority and the only client of its name`()
        async throws
    {
        let test = try await TestBroker()
        try await test.addKey()
        let names = [try CertificateName(.uri, "spiffe://a/b")]
        try await test.addClient("client-1", certificateNames: names)
        func handOut(_ certificates: TestCertificates) async throws -> RepeatableHandOut {
            let authorization = try await test.core.authenticator.authorize(
                ClientClaim(id: "client-1", secret: nil), from: Peer(address.origin, certificates: certificates)
            )
            let asked = TokenRequest(project: TestBroker.project, scope: nil)
            return try #require(try await test.core.broker.token(for: asked, as: authorization).repeatable)
        }
        let certificates = (1...3).map { TestCertificates(names, for: .seconds(60) * $0, clock: test.clock) }
        let first = try await handOut(certificates[0])
        #expect(first.isValid)
        try await test.addClient("client-2", certificateNames: names)
        #expect(!first.isValid, "it may be either of them now")
        let others = [try await handOut(certificates[0]), try await handOut(certificates[1])]
        #expect(others.map(\.isValid) == [true, true])
        test.clock.advance(by: .seconds(60))
        #expect(others.map(\.isValid) == [false, true], "one certificate has expired")
        certificates[2].validity.invalidate()
        #expect(others[1].isValid, "other authorities issued it")
        certificates[1].validity.invalidate()
        #expect(!others[1].isValid)
    }

    @Test func `what expires while the token is minted is in no cached response`() async throws {
        let test = try await TestBroker()
        try await test.addKey()
        let names = [try CertificateName(.uri, "spiffe://a/b")]
        try await test.addClient("by-certificate", certificateNames: names)
        let old = try await test.addClient("by-secret")
        _ = try await test.perform(ClientRotation(clientID: ClientID("by-secret"), overlap: 60))
        let claims: [(ClientClaim, Peer)] = [
            (ClientClaim(id: nil, secret: nil), peer(names, for: .seconds(60), test)),
            (ClientClaim(id: "by-secret", secret: old), address),
        ]
        var authorizations: [Authorization] = []
        for (claim, peer) in claims {
            authorizations.append(try await test.core.authenticator.authorize(claim, from: peer))
        }
        test.clock.advance(by: .seconds(60))
        for authorization in authorizations {
            let expiring = Authorization(
                authorization.client, by: authorization.credential, authorization.identities,
                certificate: authorization.certificate, registryVersion: authorization.registryVersion,
                deadline: Deadline(after: Deadline.request, from: test.clock.now)
            )
            let asked = TokenRequest(project: TestBroker.project, scope: nil)
            #expect(try await test.core.broker.token(for: asked, as: expiring).repeatable == nil)
        }
    }

    @Test(arguments: ["", "a b", "nocolon", "spiffe://é", "a:\"", "a:\\", "a:" + String(repeating: "x", count: 2048)])
    func `what no certificate has is no URI`(text: String) {
        #expect(throws: OperatorError.self) { try CertificateName(.uri, text) }
    }

    @Test(arguments: ["", "*.example.org", "a b", "a/b", "é", "ban\u{212A}", String(repeating: "x", count: 254)])
    func `what stands for nobody or for many is no DNS name`(text: String) {
        #expect(throws: OperatorError.self) { try CertificateName(.dns, text) }
    }

    @Test func `many failures are throttled, and a right secret is let in all the same`() async throws {
        let test = try await TestBroker()
        let secret = try await test.addClient()
        for _ in 0..<30 {
            await #expect(throws: BrokerError.invalidClient) {
                try await authenticate(test, "client-1", Secret("wrong"), from: address)
            }
        }
        await #expect(throws: BrokerError.authenticationThrottled) {
            try await authenticate(test, "client-1", Secret("wrong"), from: address)
        }
        _ = try await authenticate(test, "client-1", secret, from: address)
        await #expect(throws: BrokerError.invalidClient) {
            try await authenticate(
                test, "client-1", Secret("wrong"), from: Peer(.address("10.0.0.1", network: "10.0.0.1")))
        }
        #expect(test.store.records.count { $0.action == .authenticationRefused } == 11)
    }

    @Test func `a request that shows no credentials always gets the challenge, and counts as no failure`() async throws
    {
        let test = try await TestBroker()
        try await test.addClient()
        for _ in 0..<100 {
            await #expect(throws: BrokerError.noCredentials(user: nil)) {
                try await authenticate(test, nil, nil, from: address)
            }
        }
        #expect(!test.store.records.contains { $0.action == .authenticationRefused })
        #expect(try await failures(test, from: Array(repeating: address, count: 40)) == (30, 10))
        await #expect(throws: BrokerError.noCredentials(user: nil)) {
            try await authenticate(test, nil, nil, from: address)
        }
    }

    @Test func `credentials of another scheme are named, also where the Unix user is registered`() async throws {
        let test = try await TestBroker()
        try await test.addClient("client-1", users: [1001])
        await #expect(throws: BrokerError.unusableCredentials) {
            try await test.core.authenticator.authorize(.unusable, from: Peer(.user(1001)))
        }
    }

    private func failures(_ test: TestBroker, from peers: some Sequence<Peer>) async throws -> (
        answered: Int, throttled: Int
    ) {
        var (answered, throttled) = (0, 0)
        for peer in peers {
            do {
                _ = try await authenticate(test, "client-1", Secret("wrong"), from: peer)
                Issue.record("a wrong secret was let in")
            } catch BrokerError.authenticationThrottled {
                throttled += 1
            } catch BrokerError.invalidClient {
                answered += 1
            }
        }
        return (answered, throttled)
    }

    @Test func `the addresses of one network are one peer`() async throws {
        let test = try await TestBroker()
        try await test.addClient()
        let peers = (0..<2000).map { Peer(.address("127.0.0.\($0 % 100)", network: "loopback")) }
        #expect(try await failures(test, from: peers) == (30, 1970))
        #expect(test.store.records.count { $0.action == .authenticationRefused } == 10)
    }

    @Test func `who comes from many networks is throttled as well, and no right secret is`() async throws {
        let test = try await TestBroker()
        let secret = try await test.addClient()
        let peers = (0..<20_000).map { Peer(.address("\($0)", network: "\($0)")) }
        #expect(try await failures(test, from: peers) == (300, 19_700))
        #expect(test.store.records.count { $0.action == .authenticationRefused } == 100)
        _ = try await authenticate(test, "client-1", secret, from: peers[0])
        test.clock.advance(by: .seconds(10))
        #expect(try await failures(test, from: peers.prefix(100)) == (50, 50))
        #expect(test.store.records.count { $0.action == .authenticationRefused } == 110)
    }
}
