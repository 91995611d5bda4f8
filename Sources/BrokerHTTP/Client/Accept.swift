import Foundation

/// The `Accept` field (RFC 9110 §12.5.1), as far as there is something to choose.
enum Accept {
    private static let known = ["text/plain", "text/*", "application/json", "application/*", "*/*"]

    /// Whether plain text is wanted rather than JSON: by weight, and by order where the weights are the same.
    static func prefersText(_ field: String?) -> Bool {
        let ranges = (field ?? "").split(separator: ",").map { range in
            let parts = range.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            return (type: parts.first ?? "", weight: weight)
        }.filter { known.contains($0.type) }
        let heaviest = ranges.map(\.weight).max() ?? 0
        return heaviest > 0 && ranges.first { $0.weight == heaviest }?.type.hasPrefix("text/") == true
    }
}
