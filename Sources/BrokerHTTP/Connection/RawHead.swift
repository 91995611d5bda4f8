import NIOCore

/// A request head as its bytes have it (RFC 9112 §2 to §5).
///
/// The decoder forgives what others on the way may read differently; here it is seen. What is read alike by everybody
/// also tells where the request's body begins.
struct RawHead {
    /// The head's length, the empty line at its end included.
    let length: Int

    /// `nil` where the bytes do not begin with a head that has one reading: lines end with CRLF and nothing else looks
    /// like an end, the first has one space between its three parts, and no line is folded or has a space before its
    /// colon.
    init?(_ bytes: ByteBufferView) {
        var start = bytes.startIndex
        // RFC 9112 §2.2: empty lines before a request mean nothing.
        while bytes[start...].starts(with: Self.lineEnd) { start += 2 }
        var lines = 0
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            guard end > start, bytes[end - 1] == UInt8(ascii: "\r") else { return nil }
            let line = bytes[start..<(end - 1)]
            start = end + 1
            if line.isEmpty {
                length = start - bytes.startIndex
                return
            }
            guard line.allSatisfy(Self.isText), lines == 0 ? Self.isRequestLine(line) : Self.isField(line) else {
                return nil
            }
            lines += 1
        }
        return nil
    }

    private static let lineEnd = [UInt8(ascii: "\r"), UInt8(ascii: "\n")]

    private static func isText(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F || byte == UInt8(ascii: "\t")
    }

    private static func isRequestLine(_ line: ByteBufferView) -> Bool {
        let parts = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        return parts.count == 3 && parts.allSatisfy { !$0.isEmpty && !$0.contains(UInt8(ascii: "\t")) }
    }

    private static func isField(_ line: ByteBufferView) -> Bool {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else { return false }
        return !line[..<colon].contains { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    }
}
