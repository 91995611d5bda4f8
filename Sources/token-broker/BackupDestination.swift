import Broker
import BrokerSQLite
import Crypto
import Files
import Foundation
import Glibc

/// Where a backup is written: standard output, or a file that gets its name once it is whole and durable.
struct BackupDestination {
    private let path: String
    private let draft: String?
    private let file: FileHandle
    private var digest = SHA256()
    private(set) var byteCount = 0

    /// - Parameter directory: whose files a backup must not take the place of.
    init(_ path: String, besides directory: DataDirectory) throws {
        self.path = path
        if path == "-" {
            guard isatty(STDOUT_FILENO) == 0 else {
                throw OperatorError(.invalid, "a backup is not for a terminal", hint: "pipe it, or name a file")
            }
            (draft, file) = (nil, .standardOutput)
            return
        }
        try Self.check(path, besides: directory)
        let draft = PrivateFile.draft(of: path)
        let descriptor = try PrivateFile.open(new: draft, mode: 0o600, called: "the backup")
        file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        self.draft = draft
    }

    private static func check(_ path: String, besides directory: DataDirectory) throws {
        guard !directory.contains(path) else {
            throw OperatorError(
                .invalid, "'\(path)' is in the data directory",
                hint: "name a file elsewhere: what destroys the database would destroy its backup as well"
            )
        }
        guard let status = FileStatus(at: path, followingLinks: true) else { return }
        guard status.kind == .plain else {
            throw OperatorError(.invalid, "'\(path)' is not a plain file", hint: "name a file, or '-' for a pipe")
        }
        if FileStatus(at: directory.database)?.identity == status.identity {
            throw OperatorError(.conflict, "'\(path)' is the database itself", hint: "name another file")
        }
        // Whoever confuses two names must not lose a file by it.
        let start = try FileHandle(forReadingFrom: URL(fileURLWithPath: path)).read(upToCount: databaseHeader.count)
        guard start == nil || start == databaseHeader else {
            throw OperatorError(
                .conflict, "'\(path)' is there already, and is no backup", hint: "name another file, or remove that one"
            )
        }
    }

    /// What every SQLite database begins with.
    private static let databaseHeader = Data("SQLite format 3\0".utf8)

    mutating func write(_ bytes: Data) throws {
        do {
            try file.write(contentsOf: bytes)
        } catch {
            throw failed(error)
        }
        digest.update(data: bytes)
        byteCount += bytes.count
    }

    /// Gives the file its name, after what was written has been read again.
    ///
    /// - Returns: The SHA-256 of the bytes, in hexadecimal digits.
    mutating func finish(expecting total: Int) throws -> String {
        let written = digest.finalize()
        guard byteCount == total else { throw failed("\(byteCount) of \(total) bytes came") }
        if let draft {
            do {
                try file.synchronize()
                guard try Self.digest(of: file) == written else {
                    throw failed("the file does not hold what was written")
                }
                try file.close()
            } catch let error as CocoaError {
                throw failed(error)
            }
            try PrivateFile.replace(path, by: draft, called: "the backup")
        }
        return written.map { String(format: "%02x", $0) }.joined()
    }

    /// Leaves nothing of a backup that came to nothing.
    func discard() {
        if let draft { unlink(draft) }
    }

    private static func digest(of file: FileHandle) throws -> SHA256.Digest {
        var digest = SHA256()
        try file.seek(toOffset: 0)
        while let bytes = try file.read(upToCount: 1 << 20), !bytes.isEmpty { digest.update(data: bytes) }
        return digest.finalize()
    }

    /// - Parameter error: Foundation's, around that of the system call.
    private func failed(_ error: any Error) -> OperatorError {
        let code = ((error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError).map { CInt($0.code) }
        guard code != EPIPE else {
            return OperatorError(
                .failed, "the backup could not be written: the program that reads it has ended",
                hint: "see what that program said; nothing of the backup is complete"
            )
        }
        return failed(code.map { String(cString: strerror($0)) } ?? error.localizedDescription)
    }

    private func failed(_ reason: String) -> OperatorError {
        OperatorError(
            .failed, "the backup '\(path)' could not be written: \(reason)",
            hint: "what was there before is untouched; make room, and try again"
        )
    }
}
