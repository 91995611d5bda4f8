import Broker
import Crypto
import Files
import Foundation
import Glibc

/// The file that holds the master key: one line, a recognisable prefix and 32 random bytes.
package struct MasterKeyFile: Sendable {
    private static let name = "the master key file"

    package let path: String
    /// The new master key's, where whoever runs the broker names one.
    package let newPath: String?

    package init(_ path: String, new newPath: String? = nil) {
        self.path = path
        self.newPath = newPath
    }

    /// The next master key's, while a rotation puts that in the place of this one.
    var new: MasterKeyFile { MasterKeyFile(newPath ?? path + ".new") }

    /// Gives the new key's file this one's name, durably; the old key stays beside it, for the backups from its time.
    ///
    /// Where that cannot be done, as with files that are mounted, both stay where they are, and whoever put them there is
    /// told.
    func takeNew(retiring term: SealedRecord.Term) {
        guard newPath == nil, FileStatus(at: path) == nil || isKept(as: retiredPath(term)) else { return }
        try? PrivateFile.replace(path, by: new.path, called: Self.name)
    }

    /// The file that a retired key is in, unless it is lost.
    func retired(_ key: SealingKey) -> String? {
        let file = MasterKeyFile(retiredPath(key.term))
        guard file.exists, let held = try? file.read(), key.isSame(as: held) else { return nil }
        return file.path
    }

    private func retiredPath(_ term: SealedRecord.Term) -> String { "\(path).term-\(term)" }

    /// Gives the file a second name, unless it has that already.
    private func isKept(as name: String) -> Bool {
        if link(path, name) == 0 { return true }
        guard let file = FileStatus(at: path) else { return false }
        return file.identity == FileStatus(at: name)?.identity
    }

    /// Whether a text is what a master key file holds.
    package static func isMasterKey(_ text: String) -> Bool { MasterKeyLine(bytes: Array(text.utf8)).key != nil }

    package var exists: Bool { FileManager.default.fileExists(atPath: path) }

    /// Makes the file with a new key; refuses to overwrite anything.
    package func create() throws {
        var line = MasterKeyLine(SymmetricKey(size: .bits256))
        defer { line.clear() }
        try PrivateFile.create(path, line.bytes, mode: 0o400, called: Self.name, givesToDirectoryOwner: true)
    }

    /// Throws ``OperatorError`` where the file is not there, is not private, or holds no master key.
    package func check() throws { _ = try read() }

    func read() throws -> SymmetricKey {
        // What this user may not look at is not missing.
        guard access(path, F_OK) == 0 || errno != ENOENT else {
            throw OperatorError(
                .failed, "\(Self.name) '\(path)' is missing",
                hint:
                    "put a copy of this database's master key there, or name its file with --master-key-file; without it "
                    + "nothing in the database opens"
            )
        }
        var line = MasterKeyLine(bytes: try PrivateFile.read(path, called: Self.name))
        defer { line.clear() }
        guard let key = line.key else {
            throw OperatorError(
                .failed, "\(Self.name) '\(path)' holds no master key\(line.isEmpty ? ": it is empty" : "")",
                hint: "put back the file that 'token-broker init' made for this database"
            )
        }
        return key
    }
}
