import Broker
import Files

/// Files that the process has open, as they were found at their paths.
///
/// A file that is removed stays what it is for those who have it open: what they write to it is lost when they end.
struct OpenFiles: Sendable {
    private let identities: [(path: String, identity: FileStatus.Identity?)]

    init(_ paths: [String]) {
        identities = paths.map { ($0, FileStatus(at: $0)?.identity) }
    }

    /// The first file that is no longer at its path; `nil` while all are.
    var missing: String? { identities.first { FileStatus(at: $0.path)?.identity != $0.identity }?.path }

    /// Throws ``StoreFailure`` where one of them is no longer at its path.
    func check() throws {
        if let missing {
            throw StoreFailure(.missing, file: missing, reason: "it was removed, or another took its place")
        }
    }
}
