package import Broker
import Foundation
import Glibc
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// What the admin listener answers: the admin command's requests, from the broker's own user and from root.
package struct AdminRoutes: Sendable {
    private let core: BrokerCore
    private let serving: @Sendable () -> ServingReport

    /// - Parameter serving: reports how this process serves.
    package init(core: BrokerCore, serving: @escaping @Sendable () -> ServingReport) {
        self.core = core
        self.serving = serving
    }

    static let kinds: [any AdminRequest.Type] = [
        KeyAddition.self, KeyRotation.self, KeySecretReplacement.self, KeyListing.self, KeyChange.self,
        KeyVerification.self,
        ClientAddition.self, ClientRotation.self, ClientListing.self, ClientChange.self,
        RegistryApplication.self, RegistryExport.self, ProjectListing.self, StatusReport.self,
        AuditListing.self, AuditVerification.self, AuditPruning.self,
        MasterKeyRotation.self, BackupPreparation.self, BackupReading.self, BackupCompletion.self,
    ]

    /// Of a request, in bytes: one may name a hundred thousand projects.
    package static let largestRequest = 4 << 20

    /// Where it is found out whether a broker answers at all.
    package static let probe = "/admin"

    var routes: Routes {
        Routes(
            all: [.init(.GET, Self.probe) { _, _ in WholeResponse(body: ByteBuffer()) }] + Self.kinds.map { route($0) })
    }

    private func route<Command: AdminRequest>(_ type: Command.Type) -> Routes.Route {
        .init(.POST, type.path, on: .worker) { request, _ in try await perform(type, request) }
    }

    private func perform<Command: AdminRequest>(
        _ type: Command.Type, _ request: WholeRequest
    ) async throws -> WholeResponse {
        guard let user = request.peer.user, user == geteuid() || user == 0 else { throw RequestRefusal.notPermitted }
        do {
            let command = try WireJSON.decode(type, from: Data(buffer: request.body))
            let administrator = Administrator(core, for: .administrator(user: user), serving: serving)
            return try WholeResponse(json: await administrator.perform(command))
        } catch is DecodingError {
            let error = OperatorError(
                .invalid, "the running broker does not understand this",
                hint: "use the admin command of the version that runs"
            )
            return try WholeResponse(.badRequest, json: error)
        } catch let error as OperatorError {
            return try WholeResponse(.badRequest, json: error)
        }
    }
}

extension AdminRequest {
    /// Where requests of this kind go on the admin socket.
    package static var path: String { "/admin/\(Self.self)" }
}
