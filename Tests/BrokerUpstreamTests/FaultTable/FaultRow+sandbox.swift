import sinch_sandbox

/// How a sandbox is made to have the fault.
extension FaultRow.Fault {
    func configuration(authorities: String) -> SandboxServer.Configuration {
        var configuration = SandboxServer.Configuration()
        if case .tls(let fault) = self {
            configuration.httpsPort = 0
            configuration.caFile = authorities
            configuration.tlsFault = fault
        }
        return configuration
    }

    /// - Parameter elsewhere: where redirects to another listener lead to.
    func sandboxFaults(elsewhere: String) -> [Sandbox.Fault] {
        switch self {
        case .answer(let answer):
            [Sandbox.Fault(.answer(answer))]
        case .wire(let fault):
            [Sandbox.Fault(.wire(fault))]
        case .redirect(let status, let target):
            [Sandbox.Fault(.answer(CannedAnswer(status: status, headers: ["Location": target.address(elsewhere)])))]
        case .tls, .plaintext, .connectionRefused, .unaccepted, .unreachable:
            []
        }
    }

    var socket: DeafSocket? {
        get throws {
            switch self {
            case .unaccepted: try DeafSocket(isFull: false)
            case .unreachable: try DeafSocket(isFull: true)
            default: nil
            }
        }
    }

    /// Where the token endpoint with this fault is.
    func address(of sandbox: Addresses, socket: DeafSocket?) -> String {
        switch self {
        case .answer, .wire, .redirect: sandbox.http
        case .tls: sandbox.https ?? "no address"
        case .plaintext: sandbox.http.replacing("http:", with: "https:")
        // Below the ports that are handed out, and nobody's.
        case .connectionRefused: "http://127.0.0.1:1"
        case .unaccepted, .unreachable: "http://127.0.0.1:\(socket?.port ?? 0)"
        }
    }
}

extension FaultRow.RedirectTarget {
    fileprivate func address(_ elsewhere: String) -> String {
        switch self {
        case .itself: "/oauth2/token"
        case .anotherListener: elsewhere + "/oauth2/token"
        case .file: "file:///etc/hostname"
        }
    }
}
