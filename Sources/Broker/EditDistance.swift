extension String {
    /// How many bytes have to be added, removed or replaced to make the other one (Levenshtein).
    private func distance(to other: String) -> Int {
        // Not characters, which take longer: a name may be compared with a hundred thousand.
        let other = Array(other.utf8)
        var row = Array(0...other.count)
        for (line, byte) in utf8.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for column in other.indices {
                let replaced = diagonal + (byte == other[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = Swift.min(replaced, row[column] + 1, row[column + 1] + 1)
            }
        }
        return row[other.count]
    }

    /// What may have been meant: the most alike of several, where it is alike at all.
    package func closest(in all: some Sequence<String>) -> String? {
        let most = Swift.max(1, utf8.count / 3)
        return all.lazy.filter { abs($0.utf8.count - utf8.count) <= most }
            .map { (distance: distance(to: $0), text: $0) }
            .filter { $0.distance <= most }
            .min { $0 < $1 }?.text
    }

    /// The same as the beginning of a hint; empty where nothing is alike.
    ///
    /// - Parameter prefix: what stands before it where it is typed.
    package func question(in all: some Sequence<String>, prefix: String = "") -> String {
        closest(in: all).map { "is '\(prefix)\($0)' meant? " } ?? ""
    }
}
