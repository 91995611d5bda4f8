import ArgumentParser
import Foundation

/// A key that is there from the start.
struct InitialKey: ParsableArguments {
    @Option(help: "The key's project.")
    var project: String?

    @Option(help: "The key's ID.")
    var keyId: String?

    @Option(help: ArgumentHelp("The file with the key's secret; - is standard input.", valueName: "file"))
    var keySecretFile: String?

    func validate() throws {
        let given = [project, keyId, keySecretFile].count { $0 != nil }
        guard given == 0 || given == 3 else {
            throw ValidationError("--project, --key-id and --key-secret-file go together")
        }
    }

    func register(with sandbox: Sandbox) throws {
        guard let project, let keyId, let keySecretFile else { return }
        let bytes =
            if keySecretFile == "-" {
                try FileHandle.standardInput.readToEnd() ?? Data()
            } else {
                try Data(contentsOf: URL(fileURLWithPath: keySecretFile))
            }
        let secret = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .newlines)
        guard !secret.isEmpty else {
            throw ValidationError("'\(keySecretFile)' holds no secret")
        }
        try sandbox.registerKey(id: keyId, secret: secret, projectID: project)
    }
}
