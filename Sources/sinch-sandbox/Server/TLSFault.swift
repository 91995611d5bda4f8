import ArgumentParser

/// What is wrong with the listener for HTTPS; clients that verify what they speak to send nothing to it.
package enum TLSFault: String, Sendable, CaseIterable, ExpressibleByArgument {
    /// The certificate expired a day ago.
    case expired
    /// The certificate is valid from tomorrow on.
    case notYetValid = "not-yet-valid"
    /// The certificate is for another host.
    case wrongHost = "wrong-host"
    /// The certificate was issued by an authority that signed itself, and that is not the one to trust.
    case unknownAuthority = "unknown-authority"
    /// Nothing newer than TLS 1.1 is spoken.
    case oldVersion = "old-version"
    /// Connections are accepted, and nothing is ever said.
    case silent
}
