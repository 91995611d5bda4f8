import ArgumentParser

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Reads the audit log, proves that it is whole, and cuts what is old.",
        subcommands: [AuditList.self, AuditVerify.self, AuditPrune.self]
    )
}
