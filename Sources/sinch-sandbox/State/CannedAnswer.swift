import HTTPTypes

/// An HTTP answer that is known beforehand.
package struct CannedAnswer: Codable, Sendable, Equatable {
    package var status: Int
    package var headers: [String: String]
    package var body: String
    package var contentType: String?

    package init(status: Int, headers: [String: String] = [:], body: String = "", contentType: String? = nil) {
        self.status = status
        self.headers = headers
        self.body = body
        self.contentType = contentType
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        status = try fields.decode(Int.self, forKey: .status)
        headers = try fields.decodeIfPresent([String: String].self, forKey: .headers) ?? [:]
        body = try fields.decodeIfPresent(String.self, forKey: .body) ?? ""
        contentType = try fields.decodeIfPresent(String.self, forKey: .contentType)

        guard (200...599).contains(status) else {
            throw DecodingError.dataCorruptedError(
                forKey: .status, in: fields, debugDescription: "not the status of a final answer"
            )
        }
        guard headers.keys.allSatisfy({ HTTPField.Name($0) != nil }) else {
            throw DecodingError.dataCorruptedError(
                forKey: .headers, in: fields, debugDescription: "not the name of a header"
            )
        }
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case status
        case headers
        case body
        case contentType = "content_type"
    }
}
