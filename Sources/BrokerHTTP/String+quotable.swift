extension String {
    /// The text as an error description may repeat it (RFC 6749 §5.2).
    var quotable: String {
        String(
            decoding: utf8.prefix(100).map { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C ? $0 : 0x3F },
            as: UTF8.self
        )
    }
}
