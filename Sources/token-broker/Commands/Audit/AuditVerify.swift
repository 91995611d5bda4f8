import ArgumentParser
import Broker

struct AuditVerify: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Proves that no audit record was changed, removed or reordered.",
        example: "audit verify")

    @Option(
        help: "A place that an earlier 'audit verify' printed: the log must still have it.",
        transform: AuditPosition.argument) var anchor: AuditPosition?
    @OptionGroup var output: Output
    @OptionGroup(visibility: .hidden) var settings: Settings

    func validate() throws {
        if let anchor, !anchor.isComplete {
            throw ValidationError("the anchor '\(anchor)' is incomplete: copy all that 'audit verify' printed")
        }
    }

    func run() async throws {
        let proof = try await withAdministration { broker in
            var proof = try await broker.perform(AuditVerification(anchor: anchor))
            while !proof.isWhole, proof.fault == nil {
                Progress.say("\(proof.anchor.sequence) of \(proof.end) records are verified")
                proof = try await broker.perform(AuditVerification(after: proof.anchor, anchor: anchor))
            }
            return proof
        }
        try output.print(proof) { proof in
            proof.isWhole
                ? "records \(proof.first) to \(proof.end) are as they were written\nanchor: \(proof.anchor)"
                : "records \(proof.first) to \(proof.anchor.sequence) are as they were written"
        }
        if let fault = proof.fault {
            throw OperatorError(
                .failed, "the audit log is not whole: \(fault.message)",
                hint: "the broker's log has the same records; a backup from before may have them as well"
            )
        }
    }
}
