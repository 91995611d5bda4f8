package import Foundation
package import Logging
import Synchronization

/// What does not work as it should, and since when; each change is one line in the log.
package final class Health: Sendable {
    /// What can be in trouble.
    package enum Subject: Hashable, Sendable {
        case endpoint(URL)
        case budget(URL)
        case key(KeyID, of: ProjectID)
        case project(ProjectID)
        case store
        case masterKey
        case masterKeyFile
        case registry
        /// - Parameter path: the file with the certificates.
        case certificates(_ path: String)
    }

    package enum Trouble: String, Sendable {
        /// An endpoint's or a key's.
        case failing
        /// An endpoint's.
        case unavailable, throttled
        /// A budget's.
        case saturated
        /// A key's.
        case quarantined
        /// A project's.
        case degraded
        case outOfTokens = "out_of_tokens"
        /// The store's.
        case unwritable
        /// The master key's.
        case unproven
        /// The master key file's.
        case lost
        /// The registry's: no access key.
        case empty
        /// A certificate's.
        case expiring, expired
        case expiringSoon = "expiring_soon"
    }

    struct Problem: Sendable {
        let subject: Subject
        var trouble: Trouble
        let since: Moment
        var reason: String?
        /// When it was over.
        var end: Moment?
    }

    private struct State {
        /// The problems that more than one project depends on: a few.
        private(set) var common: [Subject: Problem] = [:]
        /// The problems of one key or project each: possibly of every one in the registry.
        private(set) var particular: [Subject: Problem] = [:]
        /// The newest last.
        var over: [Problem] = []

        subscript(subject: Subject) -> Problem? {
            get { subject.isCommon ? common[subject] : particular[subject] }
            set { if subject.isCommon { common[subject] = newValue } else { particular[subject] = newValue } }
        }

        /// Many troubles of projects follow from one of a key or an endpoint, and do not take its place.
        mutating func remember(_ problem: Problem) {
            over.append(problem)
            let alike = over.indices.filter { over[$0].subject.isProject == problem.subject.isProject }
            if alike.count > Health.memory { over.remove(at: alike[0]) }
        }
    }

    /// So many problems of projects are remembered when they are over, and so many others.
    private static let memory = 20

    private let clock: any BrokerClock
    private let logger: Logger
    /// Guards what is in trouble, and what was; everything else works.
    private let state = Mutex(State())

    package init(clock: any BrokerClock, logger: Logger) {
        self.clock = clock
        self.logger = logger
    }

    /// Notes that a subject is in trouble.
    func report(_ subject: Subject, is trouble: Trouble, because reason: String? = nil) {
        let now = clock.now
        let isChange = state.withLock { state in
            let before = state[subject].flatMap { $0.trouble == trouble ? $0 : nil }
            state[subject] = Problem(
                subject: subject, trouble: trouble, since: before?.since ?? now, reason: reason ?? before?.reason
            )
            return before == nil
        }
        guard isChange else { return }
        var metadata = subject.metadata
        metadata["state"] = "\(trouble.rawValue)"
        metadata["reason"] = reason.map { "\($0)" }
        metadata["effect"] = "\(trouble.effect)"
        metadata["hint"] = "\(trouble.action)"
        logger.log(.troubleBegan, level: trouble.level, "\(trouble.message)", metadata)
    }

    /// Notes that a subject works, again where it was in trouble.
    func reportWorking(_ subject: Subject) {
        let now = clock.now
        let problem = state.withLock { state -> Problem? in
            guard var problem = state[subject] else { return nil }
            state[subject] = nil
            problem.end = now
            state.remember(problem)
            return problem
        }
        guard let problem else { return }
        let elapsed = now.elapsed(since: problem.since)
        var metadata = subject.metadata
        metadata["state"] = "working"
        metadata["after_seconds"] = .stringConvertible(elapsed.components.seconds)
        logger.log(.troubleEnded, "working again", metadata)
    }

    /// Notes whether there is an access key: without one, the database may be new because another was lost.
    func report(_ registry: Registry) {
        if registry.counts.keys == 0 {
            report(.registry, is: .empty)
        } else {
            forget(.registry)
        }
    }

    /// Notes whether a certificate in a file must be renewed.
    package func report(certificatesIn path: String, are trouble: Trouble?, because reason: String) {
        if let trouble {
            report(.certificates(path), is: trouble, because: reason)
        } else {
            reportWorking(.certificates(path))
        }
    }

    /// Whether it is in no trouble.
    package func works(_ subject: Subject) -> Bool { state.withLock { $0[subject] == nil } }

    /// Whether the authorization server refused a key, or its secret could not be opened, and it has not worked since.
    package func isQuarantined(_ key: AccessKey) -> Bool {
        state.withLock { $0[.key(key.id, of: key.project)]?.trouble == .quarantined }
    }

    /// The problems: first those that more than one project depends on, which may be the cause of others; the oldest first.
    var problems: [Problem] {
        let (common, particular) = state.withLock { ($0.common, $0.particular) }
        return Self.sorted(common.values) + Self.sorted(particular.values)
    }

    private static func sorted(_ problems: some Sequence<Problem>) -> [Problem] {
        problems.sorted { ($0.since.boot, $0.subject.name) < ($1.since.boot, $1.subject.name) }
    }

    /// The number of problems, all that more than one project depends on, and some of the others.
    ///
    /// For a probe, which must cost the same however many projects have a problem.
    package var summary: (count: Int, problems: [StatusReport.Problem]) {
        let (common, particular) = state.withLock { ($0.common, $0.particular) }
        let shown = Self.sorted(common.values) + Self.sorted(particular.values.prefix(Self.memory))
        return (common.count + particular.count, shown.map(StatusReport.Problem.init))
    }

    /// What was in trouble, the newest first.
    var over: [Problem] { state.withLock(\.over).reversed() }

    /// Forgets a subject that was removed.
    func forget(_ subject: Subject) {
        state.withLock { $0[subject] = nil }
    }
}

extension Health.Subject {
    /// For people.
    var name: String {
        switch self {
        case .endpoint(let url): "token endpoint \(url)"
        case .budget(let url): "request budget of \(url)"
        case .key(let id, let project): "key \(id) of project \(project)"
        case .project(let id): "project \(id)"
        case .store: "database"
        case .masterKey: "master key"
        case .masterKeyFile: "master key file"
        case .registry: "registry"
        case .certificates(let path): "certificates in \(path)"
        }
    }

    fileprivate var isCommon: Bool {
        switch self {
        case .endpoint, .budget, .store, .masterKey, .masterKeyFile, .registry, .certificates: true
        case .key, .project: false
        }
    }

    fileprivate var isProject: Bool { if case .project = self { true } else { false } }

    fileprivate var metadata: Logger.Metadata {
        switch self {
        case .endpoint(let url): ["token_endpoint": "\(url)"]
        case .budget(let url): ["subject": "request budget", "token_endpoint": "\(url)"]
        case .key(let id, let project): ["key_id": "\(id)", "project_id": "\(project)"]
        case .project(let id): ["project_id": "\(id)"]
        case .store, .masterKey, .masterKeyFile, .registry, .certificates: ["subject": "\(name)"]
        }
    }
}
