import Foundation
import NIOCore

/// A request head as its bytes have it (RFC 9112 §2 to §5).
///
/// The decoder forgives what others on the way may read differently; here it is seen. What is read alike by everybody
/// also tells where the request's body begins, and what the request is.
struct RawHead {
    struct Field {
        let name: UnsafeRawBufferPointer
        /// With the spaces around it.
        let value: UnsafeRawBufferPointer
    }

    /// The head's length, the empty line at its end included.
    let length: Int
    let fieldCount: Int

    /// `nil` where the bytes do not begin with a head that has one reading: lines end with CRLF and nothing else looks
    /// like an end, the first has one space between its three parts, and every other is a field with a name.
    ///
    /// - Parameters:
    ///   - requestLine: called with the first line, without its end.
    ///   - field: called with each of the fields, in order.
    init?(
        _ bytes: UnsafeRawBufferPointer, requestLine: (UnsafeRawBufferPointer) -> Void = { _ in },
        field: (Field) -> Void = { _ in }
    ) {
        var start = 0
        // RFC 9112 §2.2: empty lines before a request mean nothing.
        while start + 1 < bytes.count, bytes[start] == Self.cr, bytes[start + 1] == Self.lf { start += 2 }
        var lines = 0
        while let end = Self.lineEnd(in: bytes, from: start) {
            guard end > start, bytes[end - 1] == Self.cr else { return nil }
            let line = UnsafeRawBufferPointer(rebasing: bytes[start..<(end - 1)])
            start = end + 1
            if line.isEmpty {
                guard lines > 0 else { return nil }
                length = start
                fieldCount = lines - 1
                return
            }
            if lines == 0 {
                guard Self.isRequestLine(line) else { return nil }
                requestLine(line)
            } else {
                guard let read = Field(line) else { return nil }
                field(read)
            }
            lines += 1
        }
        return nil
    }

    private static let cr = UInt8(ascii: "\r")
    private static let lf = UInt8(ascii: "\n")

    private static func lineEnd(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start < bytes.count, let base = bytes.baseAddress,
            let found = memchr(base + start, Int32(lf), bytes.count - start)
        else { return nil }
        return UnsafeRawPointer(found) - base
    }

    private static func isRequestLine(_ line: UnsafeRawBufferPointer) -> Bool {
        var spaces = 0
        var previous = UInt8(ascii: " ")
        for byte in line {
            guard byte >= 0x20, byte != 0x7F else { return false }
            if byte == UInt8(ascii: " ") {
                guard previous != byte else { return false }
                spaces += 1
            }
            previous = byte
        }
        return spaces == 2 && previous != UInt8(ascii: " ")
    }
}

extension RawHead.Field {
    /// `nil` where a line is not a token, a colon and text (RFC 9112 §5).
    fileprivate init?(_ line: UnsafeRawBufferPointer) {
        var colon = 0
        while colon < line.count, line[colon].isTokenCharacter { colon += 1 }
        guard colon > 0, colon < line.count, line[colon] == UInt8(ascii: ":") else { return nil }
        name = UnsafeRawBufferPointer(rebasing: line[..<colon])
        value = UnsafeRawBufferPointer(rebasing: line[(colon + 1)...])
        for byte in value where byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7F { return nil }
    }

    /// Whether its name is this one, which is in lower case.
    func isNamed(_ name: StaticString) -> Bool {
        guard name.utf8CodeUnitCount == self.name.count else { return false }
        // The bit that makes a letter small changes nothing else that a token can have into a letter or a hyphen.
        for place in 0..<self.name.count where self.name[place] | 0x20 != name.utf8Start[place] { return false }
        return true
    }
}

extension UInt8 {
    /// RFC 9110 §5.6.2.
    fileprivate var isTokenCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
            UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "^"), UInt8(ascii: "`"),
            UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
