extension Decoder {
    /// Throws when the object has a field that is not in the list: a misspelt setting must not pass silently.
    func refuseFields(except known: [String]) throws {
        let fields = try container(keyedBy: AnyCodingKey.self).allKeys.map(\.stringValue)
        guard let unknown = fields.first(where: { !known.contains($0) }) else { return }
        throw DecodingError.dataCorrupted(
            .init(codingPath: codingPath, debugDescription: "unknown field '\(unknown)'; known: \(known)")
        )
    }
}

/// A field of any name.
private struct AnyCodingKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        self.intValue = nil
    }

    init(intValue: Int) {
        self.stringValue = String(intValue)
        self.intValue = intValue
    }
}
