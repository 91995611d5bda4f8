import NIOCore

extension ByteBuffer {
    /// Whether a head has HTTP Basic credentials whose base64 is broken into lines.
    ///
    /// The `base64` command does that after 76 characters.
    var hasBrokenCredentials: Bool {
        let lines = readableBytesView.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return zip(lines, lines.dropFirst()).contains { line, next in
            String(decoding: line.prefix(20), as: UTF8.self).lowercased() == "authorization: basic"
                && next.count > 1 && !next.contains(UInt8(ascii: ":"))
        }
    }
}
