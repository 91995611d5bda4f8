import Broker
import Foundation

/// A form's parameters (RFC 6749 appendix B; also what stands in a query).
struct FormFields {
    /// Parameters that may come more than once (RFC 8707 §2, RFC 8693 §2.1); they mean nothing here.
    private static let repeatable: Set<String> = ["resource", "audience"]

    private let values: [String: String]

    /// - Throws: ``BrokerError/invalidRequest(_:)`` if the text is no form, ``RequestRefusal/repeated(_:)`` if a parameter
    ///   comes twice (RFC 6749 §3.2).
    init(_ text: some Collection<UInt8>) throws {
        var values: [String: String] = [:]
        for pair in text.split(separator: UInt8(ascii: "&")) {
            let end = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            guard let name = Self.decode(pair[..<end]), let value = Self.decode(pair[end...].dropFirst()) else {
                throw BrokerError.invalidRequest("the form is not validly encoded")
            }
            guard values.updateValue(value, forKey: name) == nil || Self.repeatable.contains(name) else {
                throw RequestRefusal.repeated(name)
            }
        }
        self.values = values
    }

    /// The same parameters as a JSON object's strings; what else is in it means nothing, as an unknown parameter does.
    init(json: Data) throws {
        struct Member: Decodable {
            let text: String?

            init(from decoder: any Decoder) throws {
                text = try? decoder.singleValueContainer().decode(String.self)
            }
        }
        do {
            values = try JSONDecoder().decode([String: Member].self, from: json).compactMapValues(\.text)
        } catch {
            throw BrokerError.invalidRequest("the body is no JSON object")
        }
    }

    /// A parameter without a value counts as left out (RFC 6749 §3.2).
    subscript(name: String) -> String? {
        values[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Decodes `+` and `%XX`; `nil` where that is not possible or does not give UTF-8.
    static func decode(_ text: some Collection<UInt8>) -> String? {
        guard text.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "%") }) else {
            return String(validating: text, as: UTF8.self)
        }
        var bytes: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"):
                bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(nibble), let low = rest.popFirst().flatMap(nibble) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            default:
                bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
