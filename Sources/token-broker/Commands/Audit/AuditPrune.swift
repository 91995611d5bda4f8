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
        let total = try await withAdministration { broker in
            var total = try await broker.perform(AuditPruning(before: before.date))
            while !total.isComplete {
                Console.say("\(total.removed) records are removed")
                let part = try await broker.perform(AuditPruning(before: before.date, goesOn: total.removed > 0))
                total = AuditPruning.Reply(
                    removed: total.removed + part.removed, first: part.first, isComplete: part.isComplete,
                    fault: total.fault ?? part.fault
                )
            }
            return total
        }
        try output.print(total) { total in
            "\(total.removed) records are removed; the log begins with record \(total.first)"
        }
        if let fault = total.fault {
            Console.say("what was removed was not whole: \(fault.message); a record says so")
        }
    }
}
