public import AsyncHTTPClient
import Futures
public import Logging

/// Access tokens of Sinch projects, fetched from a token broker and kept for as long as they are good.
///
/// A token is fetched once for all who ask for it at the same time. When the broker says that it has a newer one
/// (`refresh_after`), that is fetched while the old one goes on being handed out: whoever asks waits only where there is
/// no token with life in it. A broker that restarts, or one whose authorization server fails, is not noticed until then.
public actor TokenBroker {
    /// What is not used any more when it may end on its way to the API.
    private static let margin: Duration = .seconds(5)
    /// The least time between two fetches of one project's token, unless somebody waits for it.
    private static let pace: Duration = .seconds(1)

    private let connection: BrokerConnection
    private let timeout: Duration
    private let now: @Sendable () -> ContinuousClock.Instant
    private let logger: Logger
    private(set) var entries: [String: Entry] = [:]
    /// What became of tokens that an API refused, by digest, while it is being asked.
    private var reports: [String: Future<Bool>] = [:]

    struct Entry {
        var token: AccessToken?
        /// When a fetch may begin although there is a token with life in it.
        var due: ContinuousClock.Instant
        var fetch: Future<AccessToken>?
    }

    /// - Parameters:
    ///   - address: where the broker listens for its clients
    ///   - credentials: none for a client that is registered with a Unix user, by the Unix socket
    ///   - httpClient: what the broker is asked with; it decides which certificate authorities are trusted
    ///   - timeout: how long the broker is asked, again where it is away or says that it may give a token; a mint with
    ///     retries takes it up to eight seconds
    ///   - logger: where it is said that a token could not be replaced, while the old one is still good
    public init(
        _ address: BrokerAddress, credentials: BrokerCredentials? = nil, httpClient: HTTPClient = .shared,
        timeout: Duration = .seconds(10), logger: Logger = Logger(label: "token-broker-client")
    ) {
        let connection = BrokerConnection(address: address, credentials: credentials, httpClient: httpClient)
        self.init(connection, timeout: timeout, logger: logger) { ContinuousClock.now }
    }

    /// - Parameter now: the time, as far as tokens live
    init(
        _ connection: BrokerConnection, timeout: Duration, logger: Logger,
        now: @escaping @Sendable () -> ContinuousClock.Instant
    ) {
        self.connection = connection
        self.timeout = timeout
        self.logger = logger
        self.now = now
    }

    /// A token of the project, with life in it.
    ///
    /// Throws ``TokenBrokerError``, or `CancellationError` as soon as the task is cancelled; a fetch that others wait for
    /// goes on.
    public func token(for project: String) async throws -> AccessToken {
        let now = self.now()
        let entry = entries[project] ?? Entry(due: now)
        guard let token = entry.token, now < token.expiry - Self.margin else {
            return try await (entry.fetch ?? fetch(project)).value()
        }
        if now >= entry.due, entry.fetch == nil { _ = fetch(project) }
        return token
    }

    /// Tells the broker that an API refused a token with 401, and returns whether there is another one now.
    ///
    /// Throws ``TokenBrokerError`` or `CancellationError`.
    public func report(rejected token: AccessToken) async throws -> Bool {
        guard entries[token.project]?.token == token else { return true }
        if let report = reports[token.sha256] { return try await report.value() }
        let report = Future { try await self.ask(about: token) }
        reports[token.sha256] = report
        return try await report.value()
    }

    /// What there is in place of a token that an API refused; `nil` where the broker gives no other one.
    func token(insteadOf token: AccessToken) async throws -> AccessToken? {
        do {
            guard try await report(rejected: token) else { return nil }
            let other = try await self.token(for: token.project)
            return other == token ? nil : other
        } catch let error as TokenBrokerError {
            logger.warning(
                "an API refused a token, and the broker gives no other",
                metadata: ["token": "\(token)", "error": "\(error)"]
            )
            return nil
        }
    }

    private func ask(about token: AccessToken) async throws -> Bool {
        defer { reports[token.sha256] = nil }
        guard try await connection.report(rejected: token, timeout: timeout).outcome != .tooSoon else { return false }
        forget(token)
        // What is being fetched may be the dead token once more.
        _ = try? await entries[token.project]?.fetch?.value()
        forget(token)
        return true
    }

    private func forget(_ token: AccessToken) {
        if entries[token.project]?.token == token { entries[token.project]?.token = nil }
    }

    private func fetch(_ project: String) -> Future<AccessToken> {
        let future = Future { try await self.fetched(project) }
        let now = self.now()
        // Whoever names projects that nobody has would fill the memory with them.
        entries = entries.filter { $1.fetch != nil || $1.token.map { now < $0.expiry } ?? false }
        entries[project, default: Entry(due: now)].fetch = future
        return future
    }

    private func fetched(_ project: String) async throws -> AccessToken {
        defer { entries[project]?.fetch = nil }
        do {
            let (answer, asked) = try await retrying { left in
                let asked = now()
                return (try await connection.token(of: project, timeout: left), asked)
            }
            let token = AccessToken(
                value: answer.accessToken, project: project, expiry: asked + .seconds(answer.expiresIn),
                sha256: answer.tokenSha256
            )
            entries[project]?.token = token
            entries[project]?.due = asked + max(.seconds(answer.refreshAfter), Self.pace)
            return token
        } catch {
            entries[project]?.due = now() + Self.pace
            if let token = entries[project]?.token {
                logger.warning(
                    "a token could not be replaced, and is handed out while it lives",
                    metadata: ["token": "\(token)", "error": "\(error)"]
                )
            }
            throw error
        }
    }

    private func retrying<Answer: Sendable>(
        _ ask: @Sendable (_ left: Duration) async throws -> Answer
    ) async throws -> Answer {
        let end = ContinuousClock.now + timeout
        var pause: Duration = .milliseconds(100)
        while true {
            do {
                return try await ask(end - ContinuousClock.now)
            } catch let error as TokenBrokerError where error.isRetryable {
                let wait = error.retryAfter ?? pause * Double.random(in: 0.5...1.5)
                guard .now + wait < end else { throw error }
                try await Task.sleep(for: wait)
                pause = min(pause * 2, .seconds(1))
            }
        }
    }
}
