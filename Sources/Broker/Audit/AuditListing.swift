import Foundation

/// `audit list`: the newest records, newest first.
package struct AuditListing: AdminRequest {
    package let filter: AuditFilter
    /// Only what was recorded after this sequence number.
    package let after: Int64?
    /// Only what was recorded before this one.
    package let before: Int64?
    package let limit: Int

    package struct Reply: Codable, Sendable {
        package var entries: [AuditEntry]
        /// The sequence number to go on before, where there may be more: a page may have fewer records than asked for.
        package var next: Int64?
        /// The number of the newest record, whether it is among those or not.
        package let newest: Int64
        /// If there are no records: the client, key or project that may be meant, as a question. Only a running broker asks.
        package var hint: String?

        package init(entries: [AuditEntry], next: Int64?, newest: Int64) {
            self.entries = entries
            self.next = next
            self.newest = newest
        }
    }

    package init(_ filter: AuditFilter = AuditFilter(), after: Int64? = nil, before: Int64? = nil, limit: Int) {
        self.filter = filter
        self.after = after
        self.before = before
        self.limit = limit
    }

    // Not the registry: where that is damaged, the audit log must still be readable.
    package var extent: StoreExtent { .part() }

    package func perform(by administrator: Administrator) async throws -> Reply {
        guard (1...Page<Project>.largest).contains(limit) else {
            throw OperatorError(.invalid, "limit must be an integer from 1 to \(Page<Project>.largest)")
        }
        var reply = try await administrator.core.store.auditLog(self)
        if reply.entries.isEmpty { reply.hint = question(about: administrator.core.registry) }
        return reply
    }

    private func question(about registry: Registry) -> String? {
        var questions: [String] = []
        if let client = filter.client, registry.client(client) == nil {
            questions.append(client.description.question(in: registry.clients.lazy.map(\.id.description)))
        }
        if let key = filter.key, registry.key(key) == nil {
            questions.append(key.description.question(in: registry.keyIDs.lazy.map(\.description)))
        }
        if let project = filter.project, !registry.has(project) {
            questions.append(project.description.question(in: registry.projects.lazy.map(\.description)))
        }
        let question = questions.joined().trimmingCharacters(in: .whitespaces)
        return question.isEmpty ? nil : question
    }
}
