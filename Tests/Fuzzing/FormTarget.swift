import Foundation

@testable import BrokerHTTP

/// A form: whatever is read is read the same when it is written anew with every byte escaped.
struct FormTarget: FuzzTarget {
    func run(_ input: [UInt8]) {
        let form = try? FormFields(input)
        for pair in input.split(separator: UInt8(ascii: "&")) {
            let name = FormFields.decode(pair.prefix { $0 != UInt8(ascii: "=") })
            let value = FormFields.decode(pair.drop { $0 != UInt8(ascii: "=") }.dropFirst())
            guard let form, let name, let value else {
                precondition(form == nil)
                continue
            }
            precondition(form[name] == (value.isEmpty ? nil : value))
            precondition(FormFields.decode(escape(name)) == name && FormFields.decode(escape(value)) == value)
        }
    }

    private func escape(_ text: String) -> String.UTF8View {
        text.utf8.map { ($0 < 16 ? "%0" : "%") + String($0, radix: 16) }.joined().utf8
    }
}
