package import Logging

extension Logger {
    /// What a log line tells of: its key `event`, which stays when its words change.
    ///
    /// Lines for audit records have the record's action there, such as `token.minted`.
    package enum Event: String, Sendable {
        case brokerStarting = "broker.starting"
        case brokerReady = "broker.ready"
        case brokerStopping = "broker.stopping"
        case brokerStopped = "broker.stopped"
        case brokerFailed = "broker.failed"
        case listenerBound = "listener.bound"
        case listenerInTheClear = "listener.in_the_clear"
        case certificatesChanged = "certificates.changed"
        case certificatesUnchanged = "certificates.unchanged"
        case certificatesUnusable = "certificates.unusable"
        case connectionEvicted = "connection.evicted"
        case connectionFailed = "connection.failed"
        case connectionLost = "connection.lost"
        case handshakeFailed = "handshake.failed"
        case requestRefused = "request.refused"
        case requestFailed = "request.failed"
        case troubleBegan = "trouble.began"
        case troubleEnded = "trouble.ended"
        case recordUnreadable = "record.unreadable"
        case databaseMade = "database.made"
        case filesClosed = "files.closed"
        case mintNotRecorded = "mint.not_recorded"
        case upkeepFailed = "upkeep.failed"
        case systemdUnreachable = "systemd.unreachable"
        case linesDropped = "log.lines_dropped"
    }

    package func log(_ event: Event, level: Level = .notice, _ message: Message, _ metadata: Metadata = [:]) {
        log(level: level, message, metadata: metadata.merging(["event": "\(event.rawValue)"]) { $1 })
    }
}
