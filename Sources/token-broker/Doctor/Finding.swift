import Broker

/// What came of looking at one thing.
struct Finding: Encodable {
    enum Verdict: String, Encodable {
        case ok, warning, problem
    }

    /// What was looked at.
    let check: String
    let verdict: Verdict
    let finding: String
    /// What to do, where there is something.
    var action: String?

    static func ok(_ check: String, _ finding: String) -> Finding {
        Finding(check: check, verdict: .ok, finding: finding)
    }

    static func warning(_ check: String, _ finding: String, action: String?) -> Finding {
        Finding(check: check, verdict: .warning, finding: finding, action: action)
    }

    static func problem(_ check: String, _ finding: String, action: String?) -> Finding {
        Finding(check: check, verdict: .problem, finding: finding, action: action)
    }
}

extension Finding {
    /// What `error` says of it.
    static func problem(_ check: String, _ error: any Error) -> Finding {
        problem(check, error.reason, action: (error as? OperatorError)?.hint)
    }
}
