import Broker
import Foundation

@testable import BrokerHTTP

/// What the admin command sends: whatever is understood is understood the same when it is written anew.
struct AdminJSONTarget: FuzzTarget {
    func run(_ input: [UInt8]) {
        for kind in AdminRoutes.kinds { check(kind, Data(input)) }
    }

    private func check<Request: AdminRequest>(_ kind: Request.Type, _ json: Data) {
        guard let request = try? WireJSON.decode(kind, from: json) else { return }
        guard let written = try? WireJSON.encode(request), let again = try? WireJSON.decode(kind, from: written) else {
            preconditionFailure("what was understood cannot be written, or not read again")
        }
        precondition(written == (try? WireJSON.encode(again)))
    }
}
