/// The fields of an `application/x-www-form-urlencoded` body, read as Go reads them.
struct FormFields {
    private let fields: [(name: String, value: String)]

    /// - Returns: nil when something is encoded wrongly.
    init?(_ body: String) {
        var fields: [(name: String, value: String)] = []
        for pair in body.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard
                !pair.contains(";"),
                let name = FormFields.unescape(parts[0]),
                let value = FormFields.unescape(parts.count == 2 ? parts[1] : "")
            else { return nil }
            fields.append((name, value))
        }
        self.fields = fields
    }

    var isEmpty: Bool { fields.isEmpty }

    /// The field's first value, or an empty string.
    subscript(name: String) -> String {
        fields.first { $0.name == name }?.value ?? ""
    }

    /// Undoes form encoding: `+` is a space, `%2B` a plus.
    static func unescape(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"):
                bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit), let value = UInt8(digits, radix: 16)
                else { return nil }
                bytes.append(value)
                rest = rest.dropFirst(2)
            default:
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
