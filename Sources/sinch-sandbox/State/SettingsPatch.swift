/// Those settings that a request names.
struct SettingsPatch: Decodable {
    private var expiresIn: Int?
    private var delayMilliseconds: Int?
    private var keyDeathSeconds: Double?
    private var bucketCapacity: Int?
    private var bucketRefillPerSecond: Double?

    init(from decoder: any Decoder) throws {
        try decoder.refuseFields(except: Sandbox.Settings.CodingKeys.allCases.map(\.rawValue))
        let fields = try decoder.container(keyedBy: Sandbox.Settings.CodingKeys.self)
        expiresIn = try fields.decodeIfPresent(Int.self, forKey: .expiresIn)
        delayMilliseconds = try fields.decodeIfPresent(Int.self, forKey: .delayMilliseconds)
        keyDeathSeconds = try fields.decodeIfPresent(Double.self, forKey: .keyDeathSeconds)
        bucketCapacity = try fields.decodeIfPresent(Int.self, forKey: .bucketCapacity)
        bucketRefillPerSecond = try fields.decodeIfPresent(Double.self, forKey: .bucketRefillPerSecond)

        let atLeastZero = [
            delayMilliseconds.map(Double.init), keyDeathSeconds, bucketCapacity.map(Double.init), bucketRefillPerSecond,
        ]
        guard atLeastZero.allSatisfy({ ($0 ?? 0) >= 0 }) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "only expires_in may be negative")
            )
        }
    }

    func apply(to settings: inout Sandbox.Settings) {
        settings.expiresIn = expiresIn ?? settings.expiresIn
        settings.delayMilliseconds = delayMilliseconds ?? settings.delayMilliseconds
        settings.keyDeathSeconds = keyDeathSeconds ?? settings.keyDeathSeconds
        settings.bucketCapacity = bucketCapacity ?? settings.bucketCapacity
        settings.bucketRefillPerSecond = bucketRefillPerSecond ?? settings.bucketRefillPerSecond
    }
}
