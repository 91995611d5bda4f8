import Futures

/// Recognises clients: by their secret, or by who is at the other end of their connection.
package struct ClientAuthenticator: Sendable {
    private let registry: Registry
    private let sealer: any Sealer
    private let store: any Store
    private let clock: any BrokerClock
    private let uses: UseLog
    private let throttle: AuthenticationThrottle
    /// What the connection shows of who is at its other end, where no secret shows it.
    private struct Shown {
        var identities: [Identity] = []
        var certificate: ClientCertificate?
        var refusal: CertificateRefusal?

        init(by peer: Peer, with claim: ClientClaim) async {
            if let user = peer.user { identities = [.user(user)] }
            guard claim.secret == nil, let certificates = peer.certificates else { return }
            do {
                let certificate = try await certificates.verified()
                self.certificate = certificate
                identities = certificate.names.map(Identity.certificate)
            } catch {
                refusal = error
            }
        }
    }

    /// Whom an unknown client is taken for until it is refused, so that the answer takes the same time.
    private let nobody: Client

    package init(registry: Registry, sealer: any Sealer, store: any Store, uses: UseLog, clock: any BrokerClock) throws
    {
        self.registry = registry
        self.sealer = sealer
        self.store = store
        self.uses = uses
        self.clock = clock
        throttle = AuthenticationThrottle(clock: clock)
        let unknown = Client.Credential(
            verifier: sealer.verifier(of: Secret("")), created: clock.now.wall, expires: nil)
        nobody = Client(
            id: try ClientID("nobody"), isEnabled: false, credentials: [unknown], identities: [], grants: [],
            created: unknown.created
        )
    }

    /// Authorizes the client that sends a request, from now until the deadline that its answer has.
    ///
    /// A request without credentials is no failure: it always gets a challenge. Clients that wait for the challenge send
    /// such a request first (RFC 7235 §2.1).
    ///
    /// - Throws: ``BrokerError/invalidClient``, or the error that says that nothing usable or nothing known was shown;
    ///   ``BrokerError/authenticationThrottled`` instead once the peer has guessed wrong too often. A right secret is let in
    ///   whatever others got wrong.
    package func authorize(_ claim: ClientClaim, from peer: Peer) async throws -> Authorization {
        let version = registry.version
        let deadline = Deadline(after: Deadline.request, from: clock.now)
        let shown = await Shown(by: peer, with: claim)
        let recognized = try recognize(claim, by: shown.identities)
        if let (client, credential) = recognized, client.isEnabled {
            for use in [client.use, credential?.use].compactMap(\.self) { uses.note(use, at: clock.now.wall) }
            return Authorization(
                client, by: credential, shown.identities, certificate: shown.certificate, registryVersion: version,
                deadline: deadline
            )
        }
        let showsNothing = claim.isUsable && claim.id == nil && claim.secret == nil && shown.refusal == nil
        let isThrottled = !showsNothing && !throttle.answersFailure(of: peer)
        // A client that only asks for the challenge is not recorded, unless it is a Unix user without a registration.
        if !showsNothing || !shown.identities.isEmpty, throttle.recordsRefusal(of: peer) {
            let record = AuditRecord(
                at: clock.now.wall, actor: .stranger(peer.origin), action: .authenticationRefused,
                // Only what is known to be an ID: anything else may be a secret in the wrong place.
                client: named(by: claim)?.id,
                outcome: recognized == nil ? reason(of: claim, shown) : "client disabled"
            )
            try await Future { [store] in try await store.record(record) }.value(by: deadline, clock: clock)
        }
        throw isThrottled ? .authenticationThrottled : refusal(of: claim, from: peer, shown)
    }

    /// Returns whether the Unix user or the certificate of a connection identifies one client, without any credentials.
    package func identifies(_ peer: Peer) async -> Bool {
        let identities = await Shown(by: peer, with: .none).identities
        return registry.clients(recognizedBy: identities).count { $0.isEnabled } == 1
    }

    /// Who shows nothing is told how to; who shows something learns nothing but that it is wrong.
    private func refusal(of claim: ClientClaim, from peer: Peer, _ shown: Shown) -> BrokerError {
        if let refusal = shown.refusal { return .certificateRefused(refusal) }
        guard claim.isUsable else { return .unusableCredentials }
        if claim.id != nil || claim.secret != nil { return .invalidClient }
        if let certificate = shown.certificate { return .unknownCertificate(certificate.names) }
        return .noCredentials(user: peer.user)
    }

    /// Why a claim was refused: for the audit alone, since whoever is refused must not learn it.
    private func reason(of claim: ClientClaim, _ shown: Shown) -> String {
        guard claim.isUsable else { return "malformed credentials" }
        if let secret = claim.secret {
            guard let client = named(by: claim) else { return "unknown client" }
            let shown = sealer.verifier(of: secret)
            return client.credentials.contains { shown.matches($0.verifier) } ? "secret expired" : "wrong secret"
        }
        if let refusal = shown.refusal { return "certificate refused: \(refusal.reason)" }
        if claim.id != nil, named(by: claim) == nil { return "unknown client" }
        if shown.identities.isEmpty { return "no secret" }
        let isDisabled = claim.id == nil && !registry.clients(recognizedBy: shown.identities).isEmpty
        return isDisabled ? "client disabled" : "user or certificate not registered"
    }

    private func named(by claim: ClientClaim) -> Client? {
        claim.id.flatMap { try? ClientID($0) }.flatMap { registry.client($0) }
    }

    private func recognize(
        _ claim: ClientClaim, by identities: [Identity]
    ) throws -> (Client, Client.Credential?)? {
        guard claim.isUsable else { return nil }
        let named = named(by: claim)
        if let secret = claim.secret {
            // Also where no client is named, so that it takes the same time.
            let client = named ?? nobody
            let credential = credential(with: secret, of: client)
            return named == nil ? nil : credential.map { (client, $0) }
        }
        if claim.id != nil {
            return named.flatMap { $0.identities.isDisjoint(with: identities) ? nil : ($0, nil) }
        }
        let clients = registry.clients(recognizedBy: identities).filter(\.isEnabled)
        guard clients.count <= 1 else {
            throw BrokerError.invalidRequest(
                "several clients are registered for this Unix user or certificate; name one: client_id in the form, or "
                    + "HTTP Basic with its ID and no secret"
            )
        }
        return clients.first.map { ($0, nil) }
    }

    /// The live credential that a secret belongs to.
    private func credential(with secret: Secret, of client: Client) -> Client.Credential? {
        let now = clock.now.wall
        let shown = sealer.verifier(of: secret)
        let live = client.credentials.filter { $0.isLive(at: now) }
        // Always two comparisons, however many secrets the client has.
        for _ in live.count..<max(2, live.count) { _ = shown.matches(nobody.credentials[0].verifier) }
        return live.reduce(nil) { found, credential in shown.matches(credential.verifier) ? credential : found }
    }
}
