import ArgumentParser
import Broker

struct BackupCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Writes a verified copy of the database to a file.",
        example: "backup broker.backup")

    @Argument(help: "The file, which takes the place of an older one once it is whole; '-' is standard output.")
    var file: String

    @OptionGroup var output: Output
    @OptionGroup(visibility: .hidden) var settings: Settings

    func run() async throws {
        let destination = try BackupDestination(file, besides: Configuration(settings, findsInstalled: true).directory)
        let report: BackupReport
        do {
            report = try await withAdministration { try await write(to: destination, by: $0) }
        } catch {
            destination.discard()
            throw error
        }
        // Standard output has the backup itself.
        if file == "-" { return Console.say(text(report)) }
        try output.print(report, orFor: text)
    }

    private func write(to destination: BackupDestination, by broker: any Administration) async throws -> BackupReport {
        var destination = destination
        var reply = try await broker.perform(BackupPreparation())
        while reply.progress.phase != .ready {
            Console.say(reply.progress.text)
            reply = try await broker.perform(BackupPreparation(backup: reply.backup))
        }
        while true {
            let bytes = try await broker.perform(
                BackupReading(backup: reply.backup, offset: destination.byteCount)
            ).bytes
            if bytes.isEmpty { break }
            try destination.write(bytes)
        }
        return try destination.finish(expecting: reply.progress.total)
    }

    private func text(_ report: BackupReport) -> String {
        """
        backup: \(report.file), \(report.bytes) bytes, verified
        sha256: \(report.sha256)
        The master key is not in it: keep a copy of that elsewhere.
        """
    }
}

extension BackupProgress {
    /// As a line for whoever waits.
    var text: String {
        switch phase {
        case .copying: "\(done) of \(total) pages are copied"
        case .verifying: "\(done) of \(total) audit records are verified"
        case .ready: "\(total) bytes are ready"
        }
    }
}
