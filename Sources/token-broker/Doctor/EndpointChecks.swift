import Broker
import BrokerUpstream
import Foundation

/// Whether a token endpoint can be reached from here, and whether its clock and ours agree.
struct EndpointChecks {
    /// In seconds; what a token's life is shortened by goes unnoticed, or hurts.
    private static let (agrees, hurts) = (5, 60)

    let endpoint: URL
    let client: UpstreamClient
    let clock: any BrokerClock

    func findings() async -> [Finding] {
        let name = "token endpoint"
        do {
            let probe = try await EndpointProbe(of: endpoint, by: client, clock: clock)
            let took = Int(probe.took / .milliseconds(1))
            let answers = "\(endpoint) answers, status \(probe.status), within \(took) ms"
            // To whoever shows no key it owes nothing but an answer.
            let reached: Finding =
                probe.status < 500
                ? .ok(name, answers)
                : .problem(name, answers, action: "it fails by itself: its operator has to mend it")
            return [reached] + [probe.ahead.map(time)].compactMap(\.self)
        } catch {
            return [
                .problem(
                    name, "\(endpoint) cannot be reached: \(error.reason)",
                    action: "look at the name, at DNS, at what the network lets through, and at --upstream-proxy and "
                        + "--upstream-ca-file"
                )
            ]
        }
    }

    private func time(_ ahead: Int) -> Finding {
        guard abs(ahead) > Self.agrees else {
            return .ok("clock", "within \(Self.agrees) s of that of \(endpoint.host ?? "the endpoint")")
        }
        let text = "\(abs(ahead)) s \(ahead > 0 ? "ahead of" : "behind") that of \(endpoint.host ?? "the endpoint")"
        let action =
            "set this machine's clock ('timedatectl' shows whether it is kept right): "
            + "tokens seem to be older, or younger, than they are"
        return abs(ahead) > Self.hurts
            ? .problem("clock", text, action: action) : .warning("clock", text, action: action)
    }
}
