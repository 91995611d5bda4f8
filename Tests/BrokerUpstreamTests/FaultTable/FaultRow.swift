import Broker
import Testing
import sinch_sandbox

/// One way for an authorization server to fail, and what is to come of it.
struct FaultRow: Sendable {
    enum Fault: Sendable {
        case answer(CannedAnswer)
        case wire(WireFault)
        case redirect(status: Int, to: RedirectTarget)
        case tls(TLSFault)
        /// The address says `https`, and the server speaks plain HTTP.
        case plaintext
        /// Nobody listens.
        case connectionRefused
        /// The kernel completes the connection, and nobody ever accepts it.
        case unaccepted
        /// Not even the kernel answers.
        case unreachable
    }

    enum RedirectTarget: Sendable {
        case itself, anotherListener, file
    }

    let name: String
    let fault: Fault
    let outcome: MintOutcome
    /// How often the token endpoint is asked in one mint.
    let attempts: Int

    init(_ name: String, _ fault: Fault, _ outcome: MintOutcome, attempts: Int) {
        self.name = name
        self.fault = fault
        self.outcome = outcome
        self.attempts = attempts
    }

    /// Whether every attempt is a request that the authorization server gets.
    var reachesServer: Bool {
        switch fault {
        case .answer, .wire, .redirect: true
        case .tls, .plaintext, .connectionRefused, .unaccepted, .unreachable: false
        }
    }

    /// Whether the key secret must not even have been sent.
    var keepsCredentials: Bool {
        switch fault {
        case .tls, .plaintext: true
        default: false
        }
    }
}

extension FaultRow: CustomTestStringConvertible {
    var testDescription: String { name }
}
