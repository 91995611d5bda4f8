import Broker
import BrokerSQLite
import Files
import Foundation
import Glibc

/// The files that a registry document may name for the secrets of its keys and clients.
struct SecretFiles {
    private let directory: URL
    private let owners: Set<UInt32>
    private let ownFiles: OwnFiles

    /// - Parameters:
    ///   - document: the document's path, or `-` for standard input. Relative names begin in its directory. Its owner may
    ///     own the secrets.
    ///   - ownFiles: the files that a document must not name.
    init(of document: String, except ownFiles: OwnFiles) {
        directory = URL(fileURLWithPath: document).deletingLastPathComponent()
        let status = document == "-" ? nil : FileStatus(at: document, followingLinks: true)
        owners = [geteuid(), 0, status?.owner ?? 0]
        self.ownFiles = ownFiles
    }

    /// The path of a file that the document names.
    ///
    /// - Throws: ``OperatorError`` if the file is the broker's own.
    func path(_ name: String) throws -> String {
        if name.isEmpty { throw OperatorError(.invalid, "expected the name of a file, found an empty string") }
        let path = URL(fileURLWithPath: name, relativeTo: directory).path
        guard !ownFiles.contains(path) else {
            throw OperatorError(
                .notPermitted, "'\(path)' is a file of the broker itself", hint: "name a file that holds one secret")
        }
        return path
    }

    /// Reads the secret in a file.
    ///
    /// - Throws: ``OperatorError`` if the file is not a plain file or belongs to another user.
    func secret(in path: String) throws -> Secret {
        let (file, status) = try FileHandle.named(path, waits: false)
        guard status.kind == .plain else {
            throw OperatorError(.invalid, "'\(path)' is not a plain file", hint: "name a file that holds one secret")
        }
        guard owners.contains(status.owner) else {
            throw OperatorError(
                .notPermitted,
                "'\(path)' belongs to user \(status.owner), not to user \(geteuid()) who runs this command",
                hint: "run: chown \(geteuid()) '\(path)'"
            )
        }
        return try SecretInput.secret(of: file, status, at: path)
    }
}
