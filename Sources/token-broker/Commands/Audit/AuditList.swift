import ArgumentParser
import Broker
import Foundation

struct AuditList: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Shows the newest audit records, newest first.",
        example: "audit list --project my-project --since 24h")

    @Option(help: "Only of this project.", transform: ProjectID.argument) var project: ProjectID?
    @Option(help: "Only of this client.", transform: ClientID.argument) var client: ClientID?
    @Option(help: "Only of this key.", transform: KeyID.argument) var key: KeyID?
    @Option(help: "Only this, such as 'token.minted'; 'key' is all that begin with 'key.'.") var action: String?
    @Option(
        help: "Only from then on: a date, a time (2026-01-31T12:00:00Z), or how long ago (24h).",
        transform: PointInTime.init)
    var since: PointInTime?
    @Option(help: "Only before then.", transform: PointInTime.init) var until: PointInTime?
    @Option(help: "How many are shown at most.", transform: Int.argument) var limit = 100
    @Option(help: "Only what has a lower sequence number.", transform: Int64.argument) var before: Int64?
    @Flag(help: "Go on with new records as they come.") var follow = false
    @OptionGroup var output: Output
    @OptionGroup(visibility: .hidden) var settings: Settings

    /// Of one page.
    private static let most = Page<Project>.largest

    private var filter: AuditFilter {
        AuditFilter(
            project: project, client: client, key: key, action: action, since: since?.date, until: until?.date
        )
    }

    func validate() throws {
        if follow, before != nil || until != nil {
            throw ValidationError("--follow is for what is still to come: it has no --before and no --until")
        }
    }

    func run() async throws {
        try await withAdministration { broker in
            let listing = try await newest(by: broker)
            if follow { return try await follow(from: listing, by: broker) }
            try output.print(listing) { listing in
                Self.table(of: listing.entries) + (listing.hint.map { ": \($0)" } ?? "")
                    + (listing.next.map { "\nthere may be more: --before \($0)" } ?? "")
            }
        }
    }

    /// As many as are asked for, however rare they are.
    private func newest(by broker: any Administration) async throws -> AuditListing.Reply {
        var listing = try await broker.perform(AuditListing(filter, before: before, limit: limit))
        while let next = listing.next, listing.entries.count < limit {
            let page = try await broker.perform(
                AuditListing(filter, before: next, limit: limit - listing.entries.count)
            )
            listing.entries += page.entries
            listing.next = page.next
        }
        return listing
    }

    /// A line for each record, the oldest first.
    private func follow(from listing: AuditListing.Reply, by broker: any Administration) async throws {
        guard !(broker is Administrator) else {
            throw OperatorError(
                .unavailable, "no broker is running: nothing new is recorded", hint: "start it, or leave out --follow"
            )
        }
        var (entries, newest) = (listing.entries, listing.newest)
        while true {
            for entry in entries.reversed() {
                try output.printLine(entry) { Self.cells(of: $0).joined(separator: "  ") }
            }
            try await Task.sleep(for: .seconds(1))
            let seen = newest
            var page = try await broker.perform(AuditListing(filter, after: seen, limit: Self.most))
            (entries, newest) = (page.entries, page.newest)
            while let next = page.next {
                page = try await broker.perform(AuditListing(filter, after: seen, before: next, limit: Self.most))
                entries += page.entries
            }
        }
    }

    private static func table(of entries: [AuditEntry]) -> String {
        Table(
            headings: ["TIME", "WHO", "WHAT", "PROJECT", "KEY", "CLIENT", "TOKEN", "OUTCOME"],
            rows: entries.map(cells)
        ).text(empty: "no records")
    }

    private static func cells(of entry: AuditEntry) -> [String] {
        [
            entry.time, entry.actor, entry.action, entry.projectID ?? "-", entry.keyID ?? "-", entry.clientID ?? "-",
            entry.token ?? "-", entry.outcome,
        ]
    }
}
