package import Foundation

/// How a broker process serves: its version, readiness, connections and last hour.
package struct ServingReport: Codable, Sendable {
    package let version: String
    package let commit: String
    package let startedAt: Date
    package let ready: Bool
    /// What keeps it from being ready.
    package let failedChecks: [String]
    /// By listener.
    package let connections: [String: Int]
    /// Minute by minute, the oldest first; the last one is not over.
    package let lastHour: [Minute]

    package struct Minute: Codable, Sendable, Equatable {
        package let time: Date
        package let handedOut: Int
        /// Requests for a token that got none.
        package let refused: Int
        package let minted: Int
        package let mintsFailed: Int
        /// How long requests for a token took; `nil` where there was none.
        package let medianMicroseconds: Int?
        package let p99Microseconds: Int?

        package init(
            time: Date, handedOut: Int, refused: Int, minted: Int, mintsFailed: Int, medianMicroseconds: Int?,
            p99Microseconds: Int?
        ) {
            self.time = time
            self.handedOut = handedOut
            self.refused = refused
            self.minted = minted
            self.mintsFailed = mintsFailed
            self.medianMicroseconds = medianMicroseconds
            self.p99Microseconds = p99Microseconds
        }
    }

    package init(
        version: String, commit: String, startedAt: Date, ready: Bool, failedChecks: [String],
        connections: [String: Int], lastHour: [Minute]
    ) {
        self.version = version
        self.commit = commit
        self.startedAt = startedAt
        self.ready = ready
        self.failedChecks = failedChecks
        self.connections = connections
        self.lastHour = lastHour
    }
}
