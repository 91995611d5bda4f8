/// Who asks, as far as the `Authorization` field tells.
enum Authorization: Equatable {
    case bearer(String)
    case basic(BasicCredentials)
    case other

    init(_ field: String?) {
        let parts = (field ?? "").split(separator: " ", maxSplits: 1)
        if parts.count == 2, parts[0].lowercased() == "bearer" {
            self = .bearer(String(parts[1].drop { $0 == " " }))
        } else if let credentials = BasicCredentials(authorization: field) {
            self = .basic(credentials)
        } else {
            self = .other
        }
    }
}
