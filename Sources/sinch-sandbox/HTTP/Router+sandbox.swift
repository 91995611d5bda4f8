import HTTPTypes
import Hummingbird

extension Router where Context == SandboxContext {
    /// Everything that one of the sandbox's listeners answers to, in one list.
    static func sandbox(_ sandbox: Sandbox, listener: Scheme) -> Router {
        let router = Router(context: SandboxContext.self)
        router.add(middleware: AuthorizationCount(sandbox: sandbox, listener: listener))
        router.add(middleware: UpgradeOffers())
        router.add(middleware: APIErrors())

        let tokenEndpoint = TokenEndpoint(sandbox: sandbox)
        // Other methods too: the gateway counts them before the endpoint refuses them.
        for method in [HTTPRequest.Method.post, .get, .head, .put, .patch, .delete, .options] {
            router.on("oauth2/token", method: method) { request, context in
                try await tokenEndpoint.respond(to: request, on: context.channel)
            }
        }

        let project = router.group("v1/projects/:projectId")
        let authorized = ProjectAuthorization<SandboxContext>(sandbox: sandbox)
        TrunkRoutes(sandbox: sandbox).add(to: project.group("trunks").add(middleware: authorized))
        NumberRoutes().add(to: project.group("activeNumbers").add(middleware: authorized))
        AccessKeyRoutes(sandbox: sandbox).add(to: project.group("accessKeys"))
        ControlRoutes(sandbox: sandbox).add(to: router.group("sandbox"))
        return router
    }
}
