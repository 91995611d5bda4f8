import HTTPTypes
import Hummingbird

/// The trunks of Sinch's Elastic SIP Trunking API.
struct TrunkRoutes<Context: RequestContext>: Sendable {
    let sandbox: Sandbox

    func add(to group: RouterGroup<Context>) {
        group
            .get(use: list)
            .post(use: create)
            .get(":trunkId", use: get)
            .put(":trunkId", use: replace)
            .delete(":trunkId", use: delete)
    }

    @Sendable private func list(_ request: Request, context: Context) throws -> Response {
        var trunks = sandbox.trunks(ofProject: try context.parameters.decoded("projectId"))
        let query = request.uri.queryParameters
        if let domain = query["domain"] {
            trunks.removeAll { $0.domain != domain }
        }
        // The reference and the SDKs name the page's size differently.
        let size = (query["pageSize"] ?? query["size"]).flatMap { Int($0) } ?? 20
        let page = query["page"].flatMap { Int($0) } ?? 1
        return try .json(try TrunkPage(trunks, page: page, size: size))
    }

    @Sendable private func create(_ request: Request, context: Context) async throws -> Response {
        let draft: TrunkDraft = try await request.json()
        let projectID = try context.parameters.decoded("projectId")
        return try .json(try sandbox.createTrunk(draft, inProject: projectID))
    }

    @Sendable private func get(_ request: Request, context: Context) throws -> Response {
        let (id, projectID) = try names(in: context)
        return try .json(try sandbox.trunk(id, ofProject: projectID))
    }

    @Sendable private func replace(_ request: Request, context: Context) async throws -> Response {
        let draft: TrunkDraft = try await request.json()
        let (id, projectID) = try names(in: context)
        return try .json(try sandbox.replaceTrunk(id, ofProject: projectID, with: draft))
    }

    @Sendable private func delete(_ request: Request, context: Context) throws -> Response {
        let (id, projectID) = try names(in: context)
        try sandbox.deleteTrunk(id, ofProject: projectID)
        return try .json([String: String]())
    }

    private func names(in context: Context) throws -> (id: String, projectID: String) {
        (try context.parameters.decoded("trunkId"), try context.parameters.decoded("projectId"))
    }
}
