import Broker
import Files

/// The files that the process has open, with the identity of each.
///
/// A process can go on writing to a file that was removed. What it writes is lost when the process ends.
struct OpenFiles: Sendable {
    private let identities: [(path: String, identity: FileStatus.Identity?)]

    init(_ paths: [String]) {
        identities = paths.map { ($0, FileStatus(at: $0)?.identity) }
    }

    /// The path of the first file that was removed or replaced; `nil` if every file is in its place.
    var missing: String? { identities.first { FileStatus(at: $0.path)?.identity != $0.identity }?.path }

    /// Throws ``StoreFailure`` if a file was removed or replaced.
    func check() throws {
        if let missing {
            throw StoreFailure(.missing, file: missing, reason: "it was removed or replaced")
        }
    }
}
