import Foundation

/// The `Accept` field (RFC 9110 §12.5.1), as far as there is something to choose.
enum Accept {
    /// Whether plain text is wanted rather than JSON.
    static func prefersText(_ field: String?) -> Bool {
        prefers(["text/plain", "text/*"], over: ["application/json", "application/*", "*/*"], field)
    }

    /// Whether OpenMetrics is wanted rather than Prometheus's older text format.
    static func prefersOpenMetrics(_ field: String?) -> Bool {
        prefers(["application/openmetrics-text"], over: ["text/plain", "text/*", "*/*"], field)
    }

    /// By weight, and by order where the weights are the same.
    private static func prefers(_ types: [String], over others: [String], _ field: String?) -> Bool {
        let ranges = (field ?? "").split(separator: ",").map { range in
            let parts = range.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            return (type: parts.first ?? "", weight: weight)
        }.filter { types.contains($0.type) || others.contains($0.type) }
        let heaviest = ranges.map(\.weight).max() ?? 0
        return heaviest > 0 && ranges.first { $0.weight == heaviest }.map { types.contains($0.type) } == true
    }
}
