import ArgumentParser
import Broker
import BrokerSQLite
import Foundation
import Glibc

struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes the database anew of a backup.",
        example: "restore broker.backup")

    @Argument(help: "The file that 'token-broker backup' wrote; '-' is standard input.") var file: String
    @Flag(help: "Accept a backup of an earlier version, which has no codes that show changes.")
    var allowUnauthenticated = false
    @OptionGroup var output: Output
    @OptionGroup(visibility: .hidden) var settings: Settings

    private struct Reply: Encodable {
        let dataDirectory: String
        let backupTime: Date?
    }

    func run() async throws {
        let configuration = try Configuration(settings)
        let backup = file == "-" ? .standardInput : try FileHandle.named(file, as: "the backup").file
        try configuration.directory.create()
        let (directory, lock) = (configuration.directory, try configuration.directory.lock())
        let interruption = Interruption { directory.removeDrafts(holding: lock) }
        defer { interruption.cancel() }
        let record = AuditRecord(at: Date(), actor: .administrator(user: getuid()), action: .databaseRestored)
        let time = try await SQLiteStore.restore(
            backup, in: directory, holding: lock, masterKey: configuration.masterKey,
            allowsUnauthenticated: allowUnauthenticated, recording: record
        ) { Progress.say($0.text) }
        try output.print(Reply(dataDirectory: directory.path, backupTime: time)) { restored in
            """
            restored: \(restored.dataDirectory)
            backup:   of \(restored.backupTime.text); clients that were removed and secrets that were replaced \
            since then work again
            next:     token-broker serve
            """
        }
    }
}
