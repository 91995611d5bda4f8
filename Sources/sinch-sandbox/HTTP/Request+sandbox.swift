import Foundation
import Hummingbird
import NIOCore

extension Request {
    /// The body, read as JSON; an absent one is an empty object.
    func json<Body: Decodable>(as type: Body.Type = Body.self) async throws -> Body {
        let bytes = try await body.collect(upTo: 1024 * 1024)
        do {
            let data = bytes.readableBytes == 0 ? Data("{}".utf8) : Data(bytes.readableBytesView)
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            throw APIError(.badRequest, error.complaint)
        }
    }
}

extension Parameters {
    /// A part of the path, percent-decoded.
    func decoded(_ name: String) throws -> String {
        let part = try require(name)
        return part.removingPercentEncoding ?? part
    }
}

extension DecodingError {
    /// What is wrong, for whoever sent it.
    fileprivate var complaint: String {
        switch self {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return path.isEmpty ? context.debugDescription : "\(path): \(context.debugDescription)"
        case .keyNotFound(let key, _):
            return "Field '\(key.stringValue)' is missing."
        @unknown default:
            return "Bad request."
        }
    }
}
