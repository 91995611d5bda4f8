import HTTPTypes
import Hummingbird

extension Router where Context == BasicRequestContext {
    /// Everything that the sandbox answers to, in one list.
    static func sandbox(_ sandbox: Sandbox) -> Router {
        let router = Router()
        router.add(middleware: APIErrors())

        let tokenEndpoint = TokenEndpoint(sandbox: sandbox)
        // Other methods too: the gateway counts them before the endpoint refuses them.
        for method in [HTTPRequest.Method.post, .get, .head, .put, .patch, .delete, .options] {
            router.on("oauth2/token", method: method) { request, _ in try await tokenEndpoint.respond(to: request) }
        }

        let project = router.group("v1/projects/:projectId")
        let trunks = project.group("trunks").add(middleware: ProjectAuthorization(sandbox: sandbox))
        TrunkRoutes(sandbox: sandbox).add(to: trunks)
        AccessKeyRoutes(sandbox: sandbox).add(to: project.group("accessKeys"))
        ControlRoutes(sandbox: sandbox).add(to: router.group("sandbox"))
        return router
    }
}
