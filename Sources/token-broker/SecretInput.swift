import ArgumentParser
import Broker
import BrokerSQLite
import Files
import Foundation
import Glibc

/// A key secret's way in: a file, standard input, or a prompt without echo; never an argument.
struct SecretInput: ParsableArguments {
    private static let longest = 8192

    @Option(help: "Read the key secret from this file; '-' is standard input. Without it: a prompt, or standard input.")
    var secretFile: String?

    func read() throws -> Secret {
        let text: String
        switch secretFile {
        case "-": text = try Self.text(of: FileHandle.standardInput)
        case let path?: return try Self.secret(ofFile: path, namedBy: "--secret-file")
        case nil where isatty(STDIN_FILENO) == 1: text = try Self.prompt("key secret: ")
        case nil: text = try Self.text(of: FileHandle.standardInput)
        }
        return try Self.secret(text, hint: "give it at the prompt, on standard input or with --secret-file")
    }

    /// The one secret that a file holds.
    ///
    /// Throws ``OperatorError``.
    ///
    /// - Parameter flag: what named it.
    static func secret(ofFile path: String, namedBy flag: String) throws -> Secret {
        // A user may have given the secret itself: it is not repeated.
        guard FileManager.default.fileExists(atPath: path) else {
            throw OperatorError(
                .failed, "the file that \(flag) names does not exist", hint: "name a file that holds the secret")
        }
        let (file, status) = try FileHandle.named(path, as: flag)
        return try secret(of: file, status, at: path)
    }

    /// The one secret that an open file holds; warns if other users can read the file.
    ///
    /// - Throws: ``OperatorError``.
    static func secret(of file: FileHandle, _ status: FileStatus, at path: String) throws -> Secret {
        // An orchestrator mounts a secret as root's, for a group of the user.
        let forbidden: mode_t = status.owner == geteuid() ? 0o077 : 0o037
        if status.kind == .plain, status.permissions & forbidden != 0 {
            Console.say("warning: '\(path)' is readable by other users: chmod 600 '\(path)'")
        }
        return try secret(text(of: file), hint: "put it into '\(path)'")
    }

    private static func secret(_ text: String, hint: String) throws -> Secret {
        let secret = text.trimmingCharacters(in: .newlines)
        guard !secret.isEmpty else { throw OperatorError(.invalid, "the secret is empty", hint: hint) }
        guard !MasterKeyFile.isMasterKey(secret) else {
            throw OperatorError(.notPermitted, "this is a master key of the broker, not a secret of Sinch", hint: hint)
        }
        return Secret(secret)
    }

    private static func text(of file: FileHandle) throws -> String {
        let bytes = try file.read(upToCount: longest + 1) ?? Data()
        guard bytes.count <= longest, let text = String(data: bytes, encoding: .utf8) else {
            throw OperatorError(.invalid, "this is no secret: it is too long or not text")
        }
        return text
    }

    private static func prompt(_ prompt: String) throws -> String {
        var terminal = termios()
        guard tcgetattr(STDIN_FILENO, &terminal) == 0 else {
            throw OperatorError.system("cannot prompt for the key secret")
        }
        var silent = terminal
        silent.c_lflag &= ~tcflag_t(ECHO)
        let restored = terminal
        let interruption = Interruption {
            setTerminal(restored)
            Console.say("")
        }
        defer { interruption.cancel() }
        setTerminal(silent)
        Console.write(prompt)
        defer {
            setTerminal(restored)
            Console.say("")
        }
        return readLine() ?? ""
    }

    private static func setTerminal(_ settings: termios) {
        var settings = settings
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
    }
}
