import Broker
import Crypto
import Foundation

/// The file that holds the master key: one line, a recognisable prefix and 32 random bytes.
package struct MasterKeyFile: Sendable {
    private static let prefix = "tbmk_"
    private static let name = "the master key file"

    package let path: String

    package init(_ path: String) {
        self.path = path
    }

    package var exists: Bool { FileManager.default.fileExists(atPath: path) }

    /// Makes the file with a new key; refuses to overwrite anything.
    package func create() throws {
        let key = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
        let line = Self.prefix + key.base64URLEncodedString() + "\n"
        try PrivateFile.create(path, Array(line.utf8), mode: 0o400, called: Self.name)
    }

    func read() throws -> SymmetricKey {
        guard exists else {
            throw OperatorError(
                .failed, "\(Self.name) '\(path)' is not there",
                hint:
                    "'token-broker init' makes one; for an existing database put its own key there, or name it with --master-key-file"
            )
        }
        let text = String(decoding: try PrivateFile.read(path, called: Self.name), as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        guard text.hasPrefix(Self.prefix), let key = Data(base64URLEncoded: text.dropFirst(Self.prefix.count)),
            key.count == 32
        else {
            throw OperatorError(
                .failed, "\(Self.name) '\(path)' holds no master key\(text.isEmpty ? ": it is empty" : "")",
                hint: "put back the file that 'token-broker init' made for this database"
            )
        }
        return SymmetricKey(data: key)
    }
}
