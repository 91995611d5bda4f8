import NIOCore

/// A JSON object without objects in it, written many times a second: with a hundredth of `JSONEncoder`'s work.
enum FlatJSON {
    enum Value {
        case text(String)
        case number(Int)
        case bool(Bool)
    }

    /// - Parameter members: in the order in which they are written; their names need no escape.
    static func object(_ members: [(name: StaticString, value: Value)]) -> ByteBuffer {
        var json = ByteBufferAllocator().buffer(capacity: 1024)
        for (place, member) in members.enumerated() {
            json.writeStaticString(place == 0 ? "{\"" : ",\"")
            json.writeStaticString(member.name)
            json.writeStaticString("\":")
            switch member.value {
            case .text(let text): json.write(quoted: text)
            case .number(let number): json.writeString(String(number))
            case .bool(let bool): json.writeStaticString(bool ? "true" : "false")
            }
        }
        json.writeStaticString("}")
        return json
    }
}

extension ByteBuffer {
    /// RFC 8259 §7.
    fileprivate mutating func write(quoted text: String) {
        writeStaticString("\"")
        let needsEscape = text.utf8.withContiguousStorageIfAvailable { bytes in
            bytes.reduce(false) { $0 || $1 < 0x20 || $1 == UInt8(ascii: "\"") || $1 == UInt8(ascii: "\\") }
        }
        if needsEscape == false {
            writeString(text)
        } else {
            for byte in text.utf8 {
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                    writeInteger(UInt8(ascii: "\\"))
                    writeInteger(byte)
                case 0..<0x20:
                    writeStaticString(byte < 0x10 ? "\\u000" : "\\u00")
                    writeString(String(byte, radix: 16))
                default:
                    writeInteger(byte)
                }
            }
        }
        writeStaticString("\"")
    }
}
