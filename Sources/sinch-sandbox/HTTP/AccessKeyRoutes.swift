import Foundation
import Hummingbird

/// Sinch's Access Keys Management API, open to whoever reaches the sandbox.
struct AccessKeyRoutes<Context: RequestContext>: Sendable {
    let sandbox: Sandbox

    func add(to group: RouterGroup<Context>) {
        group
            .get(use: list)
            .post(use: create)
            .delete(":keyId", use: delete)
    }

    private struct Draft: Decodable {
        var displayName: String?
    }

    private struct Description: Encodable {
        let accessKeyId: String
        let displayName: String
        let projectId: String
        let createTime: Date
        let updateTime: Date

        init(_ key: AccessKey) {
            accessKeyId = key.id
            displayName = key.displayName
            projectId = key.projectID
            createTime = key.createTime
            updateTime = key.updateTime
        }
    }

    private struct Creation: Encodable {
        let accessKey: Description
        /// Shown here and nowhere else.
        let secret: String
    }

    private struct List: Encodable {
        let accessKeys: [Description]
    }

    @Sendable private func list(_ request: Request, context: Context) throws -> Response {
        let keys = sandbox.keys(ofProject: try context.parameters.decoded("projectId"))
        return try .json(List(accessKeys: keys.map(Description.init)))
    }

    @Sendable private func create(_ request: Request, context: Context) async throws -> Response {
        let draft: Draft = try await request.json()
        let projectID = try context.parameters.decoded("projectId")
        let key = try sandbox.createKey(projectID: projectID, displayName: draft.displayName ?? "")
        return try .json(Creation(accessKey: Description(key), secret: key.secret))
    }

    @Sendable private func delete(_ request: Request, context: Context) throws -> Response {
        let id = try context.parameters.decoded("keyId")
        guard sandbox.deleteKey(id: id, projectID: try context.parameters.decoded("projectId")) else {
            throw APIError(.notFound, "Access key with id '\(id)' was not found.")
        }
        return try .json([String: String]())
    }
}
