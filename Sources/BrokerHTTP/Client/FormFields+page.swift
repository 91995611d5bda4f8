import Broker

extension FormFields {
    /// The part of a list that `after` (an ID) and `limit` (1 to 1000) ask for.
    ///
    /// - Throws: ``BrokerError/invalidRequest(_:)`` if either is invalid.
    func page<Subject>(usualLimit: Int = Page<Subject>.largest) throws -> Page<Subject> {
        do {
            return try Page(
                after: self["after"].map { try Identifier<Subject>($0) },
                limit: self["limit"].map { Int($0) ?? 0 } ?? usualLimit
            )
        } catch let error as OperatorError {
            throw BrokerError.invalidRequest(error.message)
        }
    }
}
