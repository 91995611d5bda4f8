import sinch_sandbox

extension FaultTable {
    /// What goes wrong below HTTP.
    static let connections: [FaultRow] =
        WireFault.allCases.map { fault in
            let (outcome, attempts) = consequence(of: fault)
            return FaultRow(fault.rawValue.replacing("_", with: " "), .wire(fault), outcome, attempts: attempts)
        } + [
            FaultRow("connection refused", .connectionRefused, .unavailable, attempts: 3),
            FaultRow("connection not accepted", .unaccepted, .unavailable, attempts: 2),
            // Connecting takes 3 s at most, TLS included, so that there is time for two and a half.
            FaultRow("connection not answered", .unreachable, .unavailable, attempts: 3),
        ]

    /// Nothing is sent to a server that has not proved who it is.
    static let tls: [FaultRow] =
        TLSFault.allCases.map { fault in
            FaultRow("TLS \(fault.rawValue)", .tls(fault), .unavailable, attempts: 3)
        } + [FaultRow("plain HTTP in place of TLS", .plaintext, .unavailable, attempts: 3)]

    private static func consequence(of fault: WireFault) -> (MintOutcome, attempts: Int) {
        switch fault {
        case .hangBeforeHead, .hangInBody, .dripHead, .dripBody: (.unavailable, 2)
        case .secondAnswer: (.token(seconds: 3599), 1)
        case .resetBeforeHead, .resetInBody, .truncated, .lengthTooShort, .lengthTooLong, .endlessBody, .gzipBomb,
            .garbage:
            (.unavailable, 3)
        }
    }
}
