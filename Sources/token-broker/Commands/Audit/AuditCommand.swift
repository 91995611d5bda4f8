import ArgumentParser

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Reads the audit log, proves it whole, cuts it.",
        subcommands: [AuditList.self, AuditVerify.self, AuditPrune.self]
    )
}
