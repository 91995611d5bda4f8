/// What may be set of a trunk.
struct TrunkDraft: Decodable {
    let name: String
    let hostName: String
    let enableCallerName: Bool

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        name = try fields.decode(String.self, forKey: .name)
        hostName = try fields.decode(String.self, forKey: .hostName)
        enableCallerName = try fields.decodeIfPresent(Bool.self, forKey: .enableCallerName) ?? false

        guard !name.isEmpty else {
            throw DecodingError.dataCorruptedError(forKey: .name, in: fields, debugDescription: "name is empty")
        }
        // One label of a domain name: RFC 1035 §2.3.1.
        guard hostName.wholeMatch(of: /[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?/) != nil else {
            throw DecodingError.dataCorruptedError(
                forKey: .hostName, in: fields, debugDescription: "hostName is not a host name"
            )
        }
    }

    private enum CodingKeys: String, CodingKey {
        case name, hostName, enableCallerName
    }
}
