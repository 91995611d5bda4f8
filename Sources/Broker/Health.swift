package import Foundation
package import Logging
import Synchronization

/// What does not work as it should, and since when; each change is one line in the log.
package final class Health: Sendable {
    /// What can be in trouble.
    package enum Subject: Hashable, Sendable {
        case endpoint(URL)
        case key(KeyID, of: ProjectID)
        case project(ProjectID)
        case store
        case masterKey
    }

    package enum Trouble: String, Sendable {
        /// An endpoint's or a key's.
        case failing
        /// An endpoint's.
        case unavailable, throttled
        /// A key's.
        case quarantined
        /// A project's.
        case degraded
        case outOfTokens = "out_of_tokens"
        /// The store's.
        case unwritable
        /// The master key's.
        case unproven
    }

    struct Problem: Sendable {
        var trouble: Trouble
        let since: Moment
    }

    private let clock: any BrokerClock
    private let logger: Logger
    /// Guards what is in trouble; everything else works.
    private let state = Mutex<[Subject: Problem]>([:])

    package init(clock: any BrokerClock, logger: Logger) {
        self.clock = clock
        self.logger = logger
    }

    /// Notes that a subject is in trouble.
    func report(_ subject: Subject, is trouble: Trouble, because reason: String? = nil) {
        let now = clock.now
        let isChange = state.withLock { problems in
            let before = problems[subject]
            problems[subject] = Problem(trouble: trouble, since: before?.since ?? now)
            return before?.trouble != trouble
        }
        guard isChange else { return }
        var metadata = subject.metadata
        metadata["state"] = "\(trouble.rawValue)"
        metadata["reason"] = reason.map { "\($0)" }
        logger.log(level: trouble.level, "\(trouble.message)", metadata: metadata)
    }

    /// Notes that a subject works, again where it was in trouble.
    func reportWorking(_ subject: Subject) {
        guard let problem = state.withLock({ $0.removeValue(forKey: subject) }) else { return }
        let elapsed = clock.now.elapsed(since: problem.since)
        logger.notice(
            "working again",
            metadata: subject.metadata.merging(["state": "working", "after_seconds": "\(elapsed.components.seconds)"]) {
                $1
            }
        )
    }

    /// Whether it is in no trouble.
    package func works(_ subject: Subject) -> Bool { state.withLock { $0[subject] == nil } }

    /// What is in trouble, the oldest first.
    var problems: [(subject: Subject, problem: Problem)] {
        state.withLock { Array($0) }.map { ($0.key, $0.value) }
            .sorted { ($0.problem.since.boot, $0.subject.name) < ($1.problem.since.boot, $1.subject.name) }
    }

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
        case .key(let id, let project): "key \(id) of project \(project)"
        case .project(let id): "project \(id)"
        case .store: "database"
        case .masterKey: "master key"
        }
    }

    fileprivate var metadata: Logger.Metadata {
        switch self {
        case .endpoint(let url): ["endpoint": "\(url)"]
        case .key(let id, let project): ["key": "\(id)", "project": "\(project)"]
        case .project(let id): ["project": "\(id)"]
        case .store, .masterKey: ["subject": "\(name)"]
        }
    }
}

extension Health.Trouble {
    fileprivate var message: Logger.Message {
        switch self {
        case .failing: "mints fail"
        case .unavailable: "the authorization server keeps failing: one request at a time is sent until it works again"
        case .throttled: "the authorization server wants fewer requests"
        case .quarantined: "the key is in quarantine: it is not used for a while"
        case .degraded: "the project's tokens have less life left than promised"
        case .outOfTokens: "the project has no token that can be used"
        case .unwritable:
            "the database cannot be written: whoever had a token gets it, nothing is minted, changed or handed out anew"
        case .unproven: "the master key does not open the database any more"
        }
    }

    fileprivate var level: Logger.Level {
        switch self {
        case .failing, .throttled, .degraded: .warning
        case .unavailable, .quarantined, .outOfTokens, .unwritable, .unproven: .error
        }
    }
}
