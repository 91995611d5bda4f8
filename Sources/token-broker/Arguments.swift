import ArgumentParser
import Broker
import Foundation
import Glibc

// What a value on the command line may be: each of these throws `ValidationError`, which says that.

extension Identifier {
    static func argument(_ text: String) throws -> Self {
        do {
            return try Self(text)
        } catch BrokerError.invalidRequest(let description) {
            throw ValidationError(description)
        }
    }
}

extension FixedWidthInteger {
    static func argument(_ text: String) throws -> Self {
        guard let number = Self(text) else { throw ValidationError("it is a whole number") }
        return number
    }
}

extension CertificateName {
    static func argument(_ kind: Kind) -> @Sendable (String) throws -> Self {
        { text in
            do {
                return try Self(kind, text)
            } catch let error as OperatorError {
                throw ValidationError([error.message, error.hint].compactMap(\.self).joined(separator: ", "))
            }
        }
    }
}

extension UInt32 {
    /// A Unix user, by its number or its name.
    static func user(_ text: String) throws -> Self {
        if let number = Self(text) { return number }
        guard let user = getpwnam(text)?.pointee else {
            throw ValidationError("there is no Unix user of this name here; a number is understood, too")
        }
        return user.pw_uid
    }
}

extension AuditPosition {
    static func argument(_ text: String) throws -> Self {
        guard let position = Self(text) else {
            throw ValidationError("it is what 'audit verify' printed behind 'anchor:'")
        }
        return position
    }
}
