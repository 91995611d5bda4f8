/// What stands at some place in a document.
protocol Wanted {
    associatedtype ID: Hashable & CustomStringConvertible
    var id: ID { get }
    var place: String { get }
}

extension WantedKey: Wanted {
    var id: KeyID { keyID }
}

extension WantedClient: Wanted {
    var id: ClientID { clientID }
}

extension Wanted {
    /// Says of what goes wrong where it stands.
    func located<Value>(_ work: () throws -> Value) throws -> Value {
        do {
            return try work()
        } catch {
            guard let error = OperatorError(about: error) else { throw error }
            throw OperatorError(error.reason, "\(place): \(error.message)", hint: error.hint)
        }
    }
}

extension Array where Element: Wanted {
    /// Throws ``OperatorError`` where one stands there twice.
    func byID() throws -> [Element.ID: Element] {
        var byID: [Element.ID: Element] = [:]
        for element in self {
            guard let other = byID.updateValue(element, forKey: element.id) else { continue }
            throw OperatorError(.invalid, "\(element.place): '\(element.id)' is in \(other.place) already")
        }
        return byID
    }
}
