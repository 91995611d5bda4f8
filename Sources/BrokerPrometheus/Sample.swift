/// One number that is read when somebody asks for the metrics.
package struct Sample: Sendable {
    let family: String
    let labels: [String]
    let value: Double

    /// - Parameter labels: the labels' values, in the family's order.
    package init(_ family: String, for labels: [String] = [], _ value: Double) {
        self.family = family
        self.labels = labels
        self.value = value
    }

    package init(_ family: String, for labels: [String] = [], _ isSo: Bool) {
        self.init(family, for: labels, isSo ? 1 : 0)
    }
}
