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

    private struct Report: Encodable {
        let file: String
        let bytes: Int
        /// In hexadecimal digits.
        let sha256: String
        let masterKeyTerms: [Int]
    }

    func run() async throws {
        let destination = try BackupDestination(file, besides: Configuration(settings, findsInstalled: true).directory)
        let interruption = Interruption { destination.discard() }
        defer { interruption.cancel() }
        let report: Report
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

    private func write(to destination: BackupDestination, by broker: any Administration) async throws -> Report {
        var destination = destination
        var reply = try await broker.perform(BackupPreparation())
        while reply.progress.phase != .ready {
            Progress.say(reply.progress.text)
            reply = try await broker.perform(BackupPreparation(backup: reply.backup))
        }
        while true {
            let bytes = try await broker.perform(
                BackupReading(backup: reply.backup, offset: destination.byteCount)
            ).bytes
            if bytes.isEmpty { break }
            try destination.write(bytes)
        }
        let bytes = reply.progress.total
        let sha256 = try destination.finish(expecting: bytes)
        do {
            let completion = BackupCompletion(backup: reply.backup, bytes: bytes, sha256: sha256)
            let terms = try await broker.perform(completion).masterKeyTerms
            return Report(file: file, bytes: bytes, sha256: sha256, masterKeyTerms: terms)
        } catch {
            throw OperatorError(
                .failed, "the backup '\(file)' is complete, but the broker could not record it: \(error.reason)",
                hint: (error as? OperatorError)?.hint
            )
        }
    }

    private func text(_ report: Report) -> String {
        let keys = report.masterKeyTerms.map(String.init).joined(separator: " and ")
        return """
            backup: \(report.file), \(report.bytes) bytes, verified
            sha256: \(report.sha256)
            The master key is not in it: keep a copy of master key \(keys) elsewhere.
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
