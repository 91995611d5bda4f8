package import Broker
import Foundation
import Glibc
import Hummingbird
import NIOCore
import NIOFoundationCompat

/// What the admin listener answers: the admin command's requests, from the broker's own user and from root.
package struct AdminRoutes: Sendable {
    private let core: BrokerCore

    package init(core: BrokerCore) {
        self.core = core
    }

    var routes: Routes {
        Routes(all: [
            route(KeyAddition.self), route(KeyRotation.self), route(KeyListing.self), route(KeyChange.self),
            route(KeyVerification.self),
            route(ClientAddition.self), route(ClientRotation.self), route(ClientListing.self), route(ClientChange.self),
            route(ProjectListing.self), route(StatusReport.self), route(TokenFetch.self), route(AuditListing.self),
        ])
    }

    private func route<Command: AdminRequest>(_ type: Command.Type) -> Routes.Route {
        .init(method: .post, path: type.path) { request, context in
            guard let user = context.peer.user, user == geteuid() || user == 0 else {
                throw RequestRefusal.notPermitted
            }
            let body = Data(buffer: try await request.body.collect(upTo: .max))
            do {
                let command = try WireJSON.decode(Command.self, from: body)
                let administrator = Administrator(core, for: .administrator(user: user))
                return try Response(json: await administrator.perform(command))
            } catch is DecodingError {
                let error = OperatorError(
                    .invalid, "the running broker does not understand this",
                    hint: "use the admin command of the version that runs"
                )
                return try Response(json: error, status: .badRequest)
            } catch let error as OperatorError {
                return try Response(json: error, status: .badRequest)
            }
        }
    }
}

extension AdminRequest {
    /// Where requests of this kind go on the admin socket.
    package static var path: String { "/admin/\(Self.self)" }
}
