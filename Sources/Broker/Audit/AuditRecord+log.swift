package import Logging

extension AuditRecord {
    /// Writes it as one line, once it is durable.
    package func log(to logger: Logger) {
        var metadata: Logger.Metadata = [
            "actor": "\(actor)", "action": "\(action.rawValue)", "outcome": "\(outcome)",
        ]
        metadata["project"] = project.map { "\($0)" }
        metadata["key"] = key.map { "\($0)" }
        metadata["client"] = client.map { "\($0)" }
        metadata["token"] = token.map { "\($0.fingerprint)" }
        logger.notice("audit", metadata: metadata)
    }
}
