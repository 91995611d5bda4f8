import NIOHTTP1

/// By what a request is found in the log: its trace's ID where it is part of one (W3C Trace Context, `traceparent`), or
/// one of our own.
package struct RequestID: Sendable, CustomStringConvertible {
    /// Of the request that is being answered.
    @TaskLocal package static var current: RequestID?

    /// 32 hexadecimal digits.
    package let description: String

    /// One of our own.
    init() {
        let digits = String(UInt128.random(in: 1 ... .max), radix: 16)
        description = String(repeating: "0", count: 32 - digits.utf8.count) + digits
    }

    private init(traceID: String) {
        description = traceID
    }

    static func of(_ fields: HTTPHeaders) -> RequestID {
        let parents = fields["traceparent"]
        let traceID = parents.count == 1 ? traceID(in: parents[0]) : nil
        return traceID.map(RequestID.init(traceID:)) ?? RequestID()
    }

    /// `version-traceID-parentID-flags`, in lower-case hexadecimal; a later version may have more behind them.
    private static func traceID(in parent: String) -> String? {
        let parts = parent.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count >= 4,
            zip(parts, [2, 32, 16, 2]).allSatisfy({ $0.count == $1 && $0.allSatisfy(\.isHexDigit) }),
            case let version = String(Substring(parts[0])), version != "ff", version != "00" || parts.count == 4,
            parts[1].contains(where: { $0 != UInt8(ascii: "0") })
        else { return nil }
        return String(Substring(parts[1]))
    }
}

extension UInt8 {
    fileprivate var isHexDigit: Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self)
    }
}
