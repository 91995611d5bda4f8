import Foundation

/// A SIP trunk, in the shape of the Elastic SIP Trunking API.
struct Trunk: Encodable {
    let id: String
    let projectID: String
    var name: String
    var hostName: String
    var enableCallerName: Bool
    let createTime: Date
    var updateTime: Date?

    init(_ draft: TrunkDraft, projectID: String, at now: Date) {
        self.id = Trunk.makeID()
        self.projectID = projectID
        self.name = draft.name
        self.hostName = draft.hostName
        self.enableCallerName = draft.enableCallerName
        self.createTime = now
    }

    /// Replaces everything that can be set: what the draft leaves out goes back to its default.
    mutating func replace(with draft: TrunkDraft, at now: Date) {
        name = draft.name
        hostName = draft.hostName
        enableCallerName = draft.enableCallerName
        updateTime = now
    }

    var domain: String { "\(hostName).\(Trunk.topLevelDomain)" }

    private static let topLevelDomain = "pstn.sinch.com"

    /// An identifier that looks like a ULID, as Sinch's do.
    private static func makeID() -> String {
        let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
        return "01" + String((0..<24).compactMap { _ in alphabet.randomElement() })
    }

    private enum CodingKeys: String, CodingKey {
        case id, hostName, topLevelDomain, domain, name, callsPerSecond, enableCallerName, createTime, updateTime
        case projectID = "projectId"
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(id, forKey: .id)
        try fields.encode(hostName, forKey: .hostName)
        try fields.encode(Trunk.topLevelDomain, forKey: .topLevelDomain)
        try fields.encode(domain, forKey: .domain)
        try fields.encode(name, forKey: .name)
        try fields.encode(1, forKey: .callsPerSecond)
        try fields.encode(enableCallerName, forKey: .enableCallerName)
        try fields.encode(createTime, forKey: .createTime)
        // A trunk that was never changed says so with a null.
        try fields.encode(updateTime, forKey: .updateTime)
        try fields.encode(projectID, forKey: .projectID)
    }
}
