import ArgumentParser
import Broker
import Foundation

struct AuditPrune: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Removes the audit records from before a date; the rest can still be proven.",
        example: "audit prune --before 400d")

    @Option(
        help: "A date (2026-01-31), a time (2026-01-31T12:00:00Z), or how long ago (400d).", transform: PointInTime.init
    ) var before: PointInTime
    @OptionGroup var output: Output
    @OptionGroup(visibility: .hidden) var settings: Settings

    func run() async throws {
        let interruption = Interruption {
            Console.say("interrupted: some records may be removed; run the command again to remove the rest")
        }
        defer { interruption.cancel() }
        let total = try await withAdministration { broker in
            var total = try await broker.perform(AuditPruning(before: before.date))
            while !total.isComplete {
                Progress.say("\(total.removed) records are removed; the database has \(bytes(total.databaseBytes))")
                var part = try await broker.perform(AuditPruning(before: before.date, goesOn: total.removed > 0))
                part.removed += total.removed
                part.fault = total.fault ?? part.fault
                total = part
            }
            return total
        }
        try output.print(total) { total in
            let removed = "\(total.removed) records are removed; the log begins with record \(total.first)"
            let size = "the database has \(bytes(total.databaseBytes))"
            guard total.freeBytes > total.databaseBytes / 10 else { return "\(removed); \(size)" }
            return """
                \(removed)
                \(size), of which \(bytes(total.freeBytes)) are free and are used before it grows
                To make it smaller, back it up and restore the backup: an earlier version made this database.
                """
        }
        if let fault = total.fault {
            Console.say("what was removed was not whole: \(fault.message); a record says so")
        }
    }

    private func bytes(_ count: Int) -> String { count.formatted(.byteCount(style: .file)) }
}
