import Broker
import Foundation
import NIOSSL
import Synchronization

/// The TLS of the listeners that other machines reach: certificates that are read anew when their files change.
package final class ListenerTLS: Sendable {
    private struct State {
        let contents: TLSFiles.Contents
        let configuration: TLSConfiguration
        let clientAuthorities: ClientAuthorities?
        let certificates: [CertificateExpiry]

        /// - Parameter last: whose authorities stay where their file has not changed.
        init(_ contents: TLSFiles.Contents, of files: TLSFiles, after last: State? = nil) throws {
            self.contents = contents
            configuration = try files.configuration(contents)
            certificates = try files.expiries(contents)
            clientAuthorities =
                if let last, last.contents.clientAuthorities == contents.clientAuthorities {
                    last.clientAuthorities
                } else {
                    try files.authorities(contents).map(ClientAuthorities.init)
                }
        }
    }

    private let files: TLSFiles
    /// Guards what is in the files, and what that means.
    private let state: Mutex<State>

    /// Throws ``OperatorError`` when the files cannot be used.
    package init(_ files: TLSFiles) throws {
        self.files = files
        state = Mutex(try State(files.contents(), of: files))
    }

    var security: ListenerSecurity { files.haveClientAuthorities ? .mutualTLS : .tls }

    /// When each certificate expires.
    var certificates: [CertificateExpiry] { state.withLock(\.certificates) }

    /// The authorities that are trusted now; `nil` if clients are not asked for certificates.
    var clientAuthorities: ClientAuthorities? { state.withLock(\.clientAuthorities) }

    /// A context of its own for each connection: none has a key for another's session tickets. BoringSSL would resume a
    /// session for days without asking for the certificates that it began with.
    func context() throws -> NIOSSLContext {
        try NIOSSLContext(configuration: state.withLock(\.configuration))
    }

    /// Reads the files again, and blocks meanwhile. If they cannot be used, the old contents stay in use.
    ///
    /// - Returns: whether they have changed.
    /// - Throws: ``OperatorError`` if the files cannot be used.
    package func reload() throws -> Bool {
        let last = state.withLock(\.self)
        let contents = try files.contents()
        guard contents != last.contents else { return false }
        let next = try State(contents, of: files, after: last)
        state.withLock { $0 = next }
        if next.clientAuthorities !== last.clientAuthorities { last.clientAuthorities?.validity.invalidate() }
        return true
    }
}
