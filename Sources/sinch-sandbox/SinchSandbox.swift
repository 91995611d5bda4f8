import ArgumentParser
import Foundation
import Logging
import ProcessLimits
import ServiceLifecycle
import UnixSignals

/// `sinch-sandbox`: a stand-in for auth.sinch.com and for one Sinch API.
@main
struct SinchSandbox: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sinch-sandbox",
        abstract: "A stand-in for auth.sinch.com and for the trunks of Sinch's Elastic SIP Trunking API.",
        discussion: "For demos, tests and benchmarks. It keeps nothing and listens on loopback only."
    )

    @Option(help: "The loopback address to listen on: 127.0.0.1, ::1 or localhost.")
    var host = LoopbackAddress.ipv4

    @Option(help: "The port for HTTP; 0 is any that is free.")
    var port = 9080

    @Option(help: "The port for HTTPS; 0 is any that is free. (default: no HTTPS)")
    var httpsPort: Int?

    @Option(help: ArgumentHelp("Where to write the certificate that HTTPS clients are to trust.", valueName: "path"))
    var caFile: String?

    @Option(help: ArgumentHelp("What is wrong with HTTPS. (default: nothing)", valueName: "fault"))
    var tlsFault: TLSFault?

    @Option(help: ArgumentHelp("The lifetime of new tokens.", valueName: "seconds"))
    var expiresIn = 3599

    @Option(help: ArgumentHelp("How long the tokens of a deleted key live on.", valueName: "seconds"))
    var keyDeathSeconds = 60.0

    @OptionGroup(title: "The first key")
    var initialKey: InitialKey

    func validate() throws {
        guard caFile == nil || httpsPort != nil else {
            throw ValidationError("--ca-file needs --https-port")
        }
        guard tlsFault == nil || httpsPort != nil else {
            throw ValidationError("--tls-fault needs --https-port")
        }
        guard keyDeathSeconds >= 0 else {
            throw ValidationError("--key-death-seconds must not be negative")
        }
        for port in [port, httpsPort ?? 0] where UInt16(exactly: port) == nil {
            throw ValidationError("\(port) is not a port")
        }
    }

    func run() async throws {
        OpenFileLimit.raise()

        var settings = Sandbox.Settings()
        settings.expiresIn = expiresIn
        settings.keyDeathSeconds = keyDeathSeconds
        let sandbox = Sandbox(settings: settings, now: { Date() })
        try initialKey.register(with: sandbox)

        var configuration = SandboxServer.Configuration()
        configuration.host = host
        configuration.port = port
        configuration.httpsPort = httpsPort
        configuration.caFile = caFile
        configuration.tlsFault = tlsFault

        let server = SandboxServer(sandbox, configuration: configuration, logger: .sandbox) { addresses in
            // Past any buffer: whoever started the sandbox waits for this line.
            guard let line = try? JSONEncoder.sandbox.encode(addresses) else { return }
            FileHandle.standardOutput.write(line + Data("\n".utf8))
        }
        do {
            try await ServiceGroup(server, signals: [.sigterm, .sigint], logger: .sandbox).run()
        } catch is CancellationError {
            // Some answers were still on their way when the time to end was up.
        }
    }
}
