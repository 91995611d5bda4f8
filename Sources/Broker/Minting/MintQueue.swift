import Futures

/// The mints that wait for a permit of one token endpoint, in a fair order.
///
/// The next permit goes to the client that was served least recently, and among one client's mints to the project that was
/// served least recently. So one client cannot keep another one waiting, however many mints it causes.
struct MintQueue: Sendable {
    /// A mint that waits.
    struct Entry: Sendable {
        let request: MintRequest
        /// Completed once the mint has a permit or is turned away.
        let permit = Future<Void>()
        /// Counts up in the order of arrival.
        let number: Int
    }

    private var entries: [Entry] = []
    private var arrivals = 0
    /// Counts the permits while mints wait; the dictionaries say which one each client and project got last.
    private var permits = 0
    private var lastOfClient: [ClientID: Int] = [:]
    private var lastOfProject: [ProjectID: Int] = [:]

    var count: Int { entries.count }

    var isEmpty: Bool { entries.isEmpty }

    /// Adds a mint.
    mutating func append(_ request: MintRequest) -> Entry {
        arrivals += 1
        let entry = Entry(request: request, number: arrivals)
        entries.append(entry)
        return entry
    }

    /// Removes the mint whose turn it is.
    mutating func popFirst() -> Entry? {
        let next = entries.indices.min { turn(of: entries[$0]) < turn(of: entries[$1]) }
        guard let next else { return nil }
        let entry = entries.remove(at: next)
        permits += 1
        for client in entry.request.clients { lastOfClient[client] = permits }
        lastOfProject[entry.request.key.project] = permits
        if entries.isEmpty { (lastOfClient, lastOfProject) = ([:], [:]) }
        return entry
    }

    /// Removes the newest mint of the client that has the most mints, and of its project that has the most.
    mutating func popLast() -> Entry? {
        var ofClient: [ClientID: Int] = [:]
        var ofProject: [ProjectID: Int] = [:]
        for entry in entries {
            for client in entry.request.clients { ofClient[client, default: 0] += 1 }
            ofProject[entry.request.key.project, default: 0] += 1
        }
        func share(of entry: Entry) -> (Int, Int, Int) {
            let client = entry.request.clients.map { ofClient[$0, default: 0] }.min() ?? 0
            return (client, ofProject[entry.request.key.project, default: 0], entry.number)
        }
        return entries.indices.max { share(of: entries[$0]) < share(of: entries[$1]) }.map { entries.remove(at: $0) }
    }

    private func turn(of entry: Entry) -> (Int, Int, Int) {
        let client = entry.request.clients.map { lastOfClient[$0, default: 0] }.min() ?? 0
        return (client, lastOfProject[entry.request.key.project, default: 0], entry.number)
    }
}
