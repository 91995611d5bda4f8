package import Logging
import ServiceLifecycle
import UnixSignals

extension SandboxServer {
    /// Runs a sandbox for as long as the body does, for tests.
    package static func withRunning<Result>(
        _ sandbox: Sandbox,
        configuration: Configuration = Configuration(),
        logger: Logger = .sandbox,
        _ body: (Addresses) async throws -> Result
    ) async throws -> Result {
        let (ready, continuation) = AsyncStream.makeStream(of: Addresses.self)
        let server = SandboxServer(sandbox, configuration: configuration, logger: logger) { continuation.yield($0) }
        let group = ServiceGroup(server, logger: logger)

        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                // When it fails to start, nobody must wait for it any longer.
                defer { continuation.finish() }
                try await group.run()
            }
            guard let addresses = await ready.first(where: { _ in true }) else {
                try await tasks.waitForAll()
                throw CancellationError()
            }
            let result = try await body(addresses)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return result
        }
    }
}

extension ServiceGroup {
    /// A group of the one server, which ends soon once it is told to, whatever its connections do.
    init(_ server: SandboxServer, signals: [UnixSignal] = [], logger: Logger) {
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: server)], gracefulShutdownSignals: signals, logger: logger
        )
        configuration.maximumGracefulShutdownDuration = .seconds(1)
        self.init(configuration: configuration)
    }
}

extension Logger {
    /// Warnings and worse, to stderr.
    package static var sandbox: Logger {
        var logger = Logger(label: "sinch-sandbox") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        return logger
    }
}
