import Foundation
import HTTPTypes
import Synchronization

extension Sandbox {
    /// As many trunks as the sandbox keeps for one project.
    static let maximumTrunks = 1000

    /// The trunks of a project, oldest first.
    func trunks(ofProject projectID: String) -> [Trunk] {
        state.withLock { $0.trunks[projectID] ?? [] }
    }

    func trunk(_ id: String, ofProject projectID: String) throws(APIError) -> Trunk {
        guard let trunk = trunks(ofProject: projectID).first(where: { $0.id == id }) else { throw .noTrunk(id) }
        return trunk
    }

    func createTrunk(_ draft: TrunkDraft, inProject projectID: String) throws(APIError) -> Trunk {
        try state.withLock { state throws(APIError) in
            guard state.trunks[projectID, default: []].count < Sandbox.maximumTrunks else {
                throw APIError(.badRequest, "A project can have at most \(Sandbox.maximumTrunks) trunks here.")
            }
            let trunk = Trunk(draft, projectID: projectID, at: now())
            try state.requireUnique(trunk)
            state.trunks[projectID, default: []].append(trunk)
            return trunk
        }
    }

    func replaceTrunk(_ id: String, ofProject projectID: String, with draft: TrunkDraft) throws(APIError) -> Trunk {
        try state.withLock { state throws(APIError) in
            guard let index = state.trunks[projectID]?.firstIndex(where: { $0.id == id }) else { throw .noTrunk(id) }
            var trunk = state.trunks[projectID, default: []][index]
            trunk.replace(with: draft, at: now())
            try state.requireUnique(trunk)
            state.trunks[projectID, default: []][index] = trunk
            return trunk
        }
    }

    func deleteTrunk(_ id: String, ofProject projectID: String) throws(APIError) {
        try state.withLock { state throws(APIError) in
            guard let index = state.trunks[projectID]?.firstIndex(where: { $0.id == id }) else { throw .noTrunk(id) }
            state.trunks[projectID, default: []].remove(at: index)
        }
    }
}

extension Sandbox.State {
    /// Throws when another trunk, whosever it is, has the trunk's domain.
    fileprivate func requireUnique(_ trunk: Trunk) throws(APIError) {
        let domain = trunk.domain.lowercased()
        let taken = trunks.values.joined().contains { $0.id != trunk.id && $0.domain.lowercased() == domain }
        guard !taken else { throw APIError(.badRequest, "The provided domain name is unavailable") }
    }
}

extension APIError {
    fileprivate static func noTrunk(_ id: String) -> APIError {
        APIError(.notFound, "SIP trunk with id '\(id)' was not found.")
    }
}
