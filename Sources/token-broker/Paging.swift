import ArgumentParser
import Broker

/// Which part of a list is shown.
struct Paging<Subject>: ParsableArguments {
    @Option(help: "How many are shown at most.", transform: Int.argument)
    var limit = Page<Subject>.largest

    @Option(
        help: "Only what comes behind this ID, which is the last one of the part before.",
        transform: Identifier.argument)
    var after: Identifier<Subject>?

    func page() throws -> Page<Subject> { try Page(after: after, limit: limit) }

    /// What follows a part that is not the last one.
    static func more(after next: Identifier<Subject>?) -> String {
        next.map { "\nthere are more: --after \($0)" } ?? ""
    }
}
