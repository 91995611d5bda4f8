import HeapModule

/// Which part of a list is asked for, in the order of its IDs.
package struct Page<Subject>: Codable, Sendable {
    /// The most that one reply holds.
    package static var largest: Int { 1000 }

    /// Only what comes behind this one.
    package let after: Identifier<Subject>?
    package let limit: Int

    /// Throws ``OperatorError`` when `limit` is not between 1 and ``largest``.
    package init(after: Identifier<Subject>? = nil, limit: Int = largest) throws {
        self.after = after
        self.limit = limit
        try check()
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        after = try container.decodeIfPresent(Identifier<Subject>.self, forKey: .after)
        limit = try container.decode(Int.self, forKey: .limit)
        try check()
    }

    private func check() throws {
        guard (1...Self.largest).contains(limit) else {
            throw OperatorError(.invalid, "limit must be an integer from 1 to \(Self.largest)")
        }
    }

    /// The elements that are on the page, and the ID to go on after where there are more.
    ///
    /// One pass over all of them, however many there are.
    package func elements<Element>(
        of all: some Sequence<Element>, by id: (Element) -> Identifier<Subject>
    ) -> (elements: [Element], next: Identifier<Subject>?) {
        var heap = Heap<Entry<Element>>()
        for element in all {
            let entry = Entry(id: id(element), element: element)
            if let after, entry.id <= after { continue }
            // One more than fits, which says whether there is a next page.
            if heap.count <= limit {
                heap.insert(entry)
            } else if let last = heap.max, entry < last {
                heap.replaceMax(with: entry)
            }
        }
        let hasMore = heap.count > limit
        if hasMore { heap.removeMax() }
        var entries: [Entry<Element>] = []
        while let entry = heap.popMin() { entries.append(entry) }
        return (entries.map(\.element), hasMore ? entries.last?.id : nil)
    }

    private struct Entry<Element>: Comparable {
        let id: Identifier<Subject>
        let element: Element

        static func < (left: Self, right: Self) -> Bool { left.id < right.id }
        static func == (left: Self, right: Self) -> Bool { left.id == right.id }
    }
}
