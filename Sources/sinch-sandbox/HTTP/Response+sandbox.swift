import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

extension Response {
    /// An answer in JSON.
    static func json(
        _ body: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) throws -> Response {
        var headers = headers
        if !headers.contains(.contentType) {
            headers[.contentType] = "application/json"
        }
        let bytes = ByteBuffer(bytes: try JSONEncoder.sandbox.encode(body))
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: bytes))
    }

    /// An answer with the headers that Hydra sends along, errors included.
    static func tokenEndpoint(_ body: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        try .json(
            body,
            status: status,
            headers: [
                .contentType: "application/json;charset=UTF-8",
                .cacheControl: "no-store",
                .pragma: "no-cache",
            ]
        )
    }

    init(_ answer: CannedAnswer) {
        var headers = HTTPFields()
        for (name, value) in answer.headers {
            guard let name = HTTPField.Name(name) else { continue }
            headers[name] = value
        }
        if let contentType = answer.contentType {
            headers[.contentType] = contentType
        }
        let body = ResponseBody(byteBuffer: ByteBuffer(string: answer.body))
        self.init(status: HTTPResponse.Status(code: answer.status), headers: headers, body: body)
    }
}

extension JSONEncoder {
    /// Fields in alphabetical order, times in RFC 3339.
    static var sandbox: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return encoder
    }
}
