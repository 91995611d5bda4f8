package import Logging

extension AuditRecord {
    /// Writes it as one line, once it is durable, however little else is logged.
    package func log(to logger: Logger) {
        var metadata: Logger.Metadata = ["event": "\(action.rawValue)", "actor": "\(actor)", "outcome": "\(outcome)"]
        metadata["project_id"] = project.map { "\($0)" }
        metadata["key_id"] = key.map { "\($0)" }
        metadata["client_id"] = client.map { "\($0)" }
        metadata["token"] = token.map { "\($0.fingerprint)" }
        var logger = logger
        logger.logLevel = min(logger.logLevel, .notice)
        logger.notice("audit: \(action.words)", metadata: metadata)
    }
}

extension AuditRecord.Action {
    /// For people.
    fileprivate var words: String { String(rawValue.map { "._".contains($0) ? " " : $0 }) }
}
