/// `audit verify`: verifies some more of the audit log; asked again until it is whole, or a fault is found.
package struct AuditVerification: AdminRequest {
    /// Up to where it was verified before.
    package let after: AuditPosition?
    /// A place that it must still have, as it was written down then.
    package let anchor: AuditPosition?

    package init(after: AuditPosition? = nil, anchor: AuditPosition? = nil) {
        self.after = after
        self.anchor = anchor
    }

    package var extent: StoreExtent { .part() }

    package func perform(by administrator: Administrator) async throws -> AuditProof {
        var position = after
        return try await administrator.goOn {
            let proof = try await administrator.core.store.verifyAuditLog(after: position, anchor: anchor)
            position = proof.anchor
            return proof
        } until: {
            $0.isWhole || $0.fault != nil
        }
    }
}
