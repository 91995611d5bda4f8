import ArgumentParser
import Broker
import BrokerSQLite

struct MasterKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "master-key", abstract: "Changes what everything is sealed under.", subcommands: [Rotate.self]
    )

    struct Rotate: AdminCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Seals everything under a new master key while the broker serves; goes on where it was broken off.",
            example: "master-key rotate")

        @OptionGroup var output: Output
        @OptionGroup(visibility: .hidden) var settings: Settings

        func run() async throws {
            let interruption = Interruption {
                Console.say("interrupted: 'token-broker status' shows whether the rotation is complete")
            }
            defer { interruption.cancel() }
            var progress = try await perform(
                MasterKeyRotation(
                    begin: true, newMasterKeyFile: try Configuration(settings, findsInstalled: true).masterKey.newPath
                ))
            while progress.left > 0 {
                Progress.say(
                    "\(progress.total - progress.left) of \(progress.total) records are sealed under the new master key"
                )
                progress = try await perform(MasterKeyRotation(begin: false))
            }
            try output.print(progress) { progress in
                var lines = ["all \(progress.total) records are sealed under master key \(progress.term)"]
                if !progress.unreadableKeys.isEmpty {
                    lines.append(
                        "but for those that did not open before, of the keys "
                            + progress.unreadableKeys.joined(separator: ", ") + ": register these anew"
                    )
                }
                if let new = progress.newMasterKeyFile {
                    lines.append(
                        "now put '\(new)' in the place of '\(progress.masterKeyFile)'; until then the broker needs both"
                    )
                } else {
                    let backups =
                        progress.previousMasterKeyFile.map { "Backups from before open with '\($0)' only" }
                        ?? "Backups from before need the lost master key: make a new one now"
                    lines.append("it is in '\(progress.masterKeyFile)': keep a copy elsewhere. \(backups)")
                }
                return lines.joined(separator: "\n")
            }
        }
    }
}
