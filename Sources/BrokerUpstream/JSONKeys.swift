import Foundation

/// Finds fields that stand twice in a JSON object, which Foundation's decoder lets pass (RFC 8259 §4: unpredictable).
enum JSONKeys {
    /// Whether the outermost object's names are unique. Of what is no JSON nothing is said: the decoder refuses that.
    static func areUnique(in json: Data) -> Bool {
        var names: Set<String> = []
        var depth = 0
        var expectsName = false
        var start: Data.Index?
        var isEscaped = false
        for (index, byte) in zip(json.indices, json) {
            if let opened = start {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    start = nil
                    guard depth == 1, expectsName else { continue }
                    expectsName = false
                    // The same name can be written in several ways, with escapes.
                    guard let name = try? JSONDecoder().decode(String.self, from: json[opened...index]) else {
                        return true
                    }
                    guard names.insert(name).inserted else { return false }
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""):
                start = index
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                expectsName = depth == 1 && byte == UInt8(ascii: "{")
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
            case UInt8(ascii: ",") where depth == 1:
                expectsName = true
            default:
                break
            }
        }
        return true
    }
}
