/// A key or a client of a document.
protocol Wanted {
    associatedtype ID: Hashable & CustomStringConvertible
    /// What it is called in messages.
    static var kind: String { get }
    var id: ID { get }
    var location: String { get }
}

extension WantedKey: Wanted {
    static var kind: String { "key" }
    var id: KeyID { keyID }
}

extension WantedClient: Wanted {
    static var kind: String { "client" }
    var id: ClientID { clientID }
}

extension Wanted {
    /// The same error, which says what it is about and where that is in the document.
    func located(_ error: any Error) -> any Error {
        guard let error = OperatorError(about: error) else { return error }
        return OperatorError(error.reason, "\(location): \(Self.kind) '\(id)': \(error.message)", hint: error.hint)
    }
}

extension Array where Element: Wanted {
    /// Throws ``OperatorError`` if one is in the document twice, or also among the removed ones.
    func byID(without removed: Set<Element.ID>) throws -> [Element.ID: Element] {
        var byID: [Element.ID: Element] = [:]
        for element in self {
            if removed.contains(element.id) {
                throw element.located(
                    OperatorError(.invalid, "it is in 'removed', too", hint: "remove it from one of the two"))
            }
            guard let other = byID.updateValue(element, forKey: element.id) else { continue }
            throw element.located(OperatorError(.invalid, "it is in \(other.location) already"))
        }
        return byID
    }
}
