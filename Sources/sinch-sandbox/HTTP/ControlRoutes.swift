import Hummingbird

/// What tests steer the sandbox with; Sinch has nothing of the kind.
struct ControlRoutes<Context: RequestContext>: Sendable {
    let sandbox: Sandbox

    func add(to group: RouterGroup<Context>) {
        group
            .get("counters") { _, _ in try Response.json(sandbox.counters) }
            .delete("counters") { _, _ in
                sandbox.resetCounters()
                return Response(status: .noContent)
            }
            .put("keys/:keyId", use: registerKey)
            .delete("keys/:keyId", use: deleteKey)
            .get("settings") { _, _ in try Response.json(sandbox.settings) }
            .patch("settings", use: changeSettings)
            .get("faults") { _, _ in try Response.json(Faults(faults: sandbox.faults)) }
            .put("faults", use: setFaults)
            .delete("faults") { _, _ in
                sandbox.setFaults([])
                return Response(status: .noContent)
            }
            .post("tokens/expire") { _, _ in
                sandbox.expireTokens()
                return Response(status: .noContent)
            }
    }

    private struct Faults: Codable {
        let faults: [Sandbox.Fault]
    }

    private struct Key: Decodable {
        let projectID: String
        let secret: String

        enum CodingKeys: String, CodingKey {
            case projectID = "project_id"
            case secret
        }
    }

    @Sendable private func registerKey(_ request: Request, context: Context) async throws -> Response {
        let key: Key = try await request.json()
        let id = try context.parameters.decoded("keyId")
        try sandbox.registerKey(id: id, secret: key.secret, projectID: key.projectID)
        return Response(status: .noContent)
    }

    @Sendable private func deleteKey(_ request: Request, context: Context) throws -> Response {
        let id = try context.parameters.decoded("keyId")
        guard sandbox.deleteKey(id: id) else {
            throw APIError(.notFound, "Access key with id '\(id)' was not found.")
        }
        return Response(status: .noContent)
    }

    @Sendable private func changeSettings(_ request: Request, context: Context) async throws -> Response {
        let patch: SettingsPatch = try await request.json()
        sandbox.changeSettings(patch.apply)
        return try .json(sandbox.settings)
    }

    @Sendable private func setFaults(_ request: Request, context: Context) async throws -> Response {
        let faults: Faults = try await request.json()
        sandbox.setFaults(faults.faults)
        return try .json(Faults(faults: sandbox.faults))
    }
}
