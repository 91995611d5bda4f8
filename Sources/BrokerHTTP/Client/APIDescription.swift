import Foundation
import NIOHTTP1

/// The client listener's OpenAPI document: what it describes is what is served, at the paths that it names.
enum APIDescription {
    /// OpenAPI 3.1.
    static let json = PackageResources.openapi_json

    /// By the document's `operationId`.
    enum Operation: String, CaseIterable, Decodable {
        case requestToken, requestTokenOfProject, getToken, getAuthorization, reportRejectedToken, listProjects
        case getMetadata, getDescription
    }

    static let operations: [(method: HTTPMethod, path: String, operation: Operation)] = {
        struct Document: Decodable {
            struct Described: Decodable {
                let operationId: Operation
            }

            let paths: [String: [String: Described]]
        }
        do {
            return try JSONDecoder().decode(Document.self, from: Data(json)).paths.flatMap { path, methods in
                methods.map { (HTTPMethod(rawValue: $0.uppercased()), path, $1.operationId) }
            }
            .sorted { $0.1 < $1.1 }
        } catch {
            fatalError("openapi.json is part of the program and describes what it does not do: \(error)")
        }
    }()
}
