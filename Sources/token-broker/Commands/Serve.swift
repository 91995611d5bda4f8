import ArgumentParser
import AsyncHTTPClient
import Broker
import BrokerHTTP
import BrokerPrometheus
import BrokerSQLite
import Foundation
import Logging
import NIOCore
import NIOPosix
import ProcessLimits
import ServiceLifecycle

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs the broker.")

    @Flag(
        name: .customLong("init"),
        help: "Make the data directory, the master key and the database first, where there is no database.")
    var makesWhatIsMissing = false

    @OptionGroup var settings: Settings

    func run() async throws {
        // One for each processor that it may use, however many the machine has.
        NIOSingletons.groupLoopCountSuggestion = min(System.coreCount, Processors.allowed ?? .max)
        let configuration = try Configuration(settings)
        if makesWhatIsMissing, !configuration.directory.hasDatabase { try await Init.make(configuration) }
        let log = LineLogHandler.bootstrap(format: configuration.logFormat, level: configuration.logLevel)
        defer { log.flush(timeout: .seconds(1)) }
        let logger = Logger(label: "token-broker")
        let exporter = PrometheusExporter.bootstrap()
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration.upstream)
        do {
            try await serve(configuration, client: client, exporter: exporter, log: log, logger: logger)
        } catch {
            try? await client.shutdown()
            throw error
        }
        try await client.shutdown()
        logger.notice("stopped")
    }

    private func serve(
        _ configuration: Configuration, client: HTTPClient, exporter: PrometheusExporter, log: LogWriter,
        logger: Logger
    ) async throws {
        let tls = try configuration.tls.map { try ListenerTLS($0, logger: logger) }
        let clock = SystemClock()
        let (core, store) = try await BrokerCore.open(configuration, client: client, clock: clock, logger: logger)
        let readiness = Readiness(
            awaiting: configuration.listen + [configuration.operations, configuration.adminSocket],
            health: core.health, drainDelay: configuration.drainDelay
        )
        let hosts = configuration.allowedHosts
        let limits = ConnectionLimits(openFiles: OpenFileLimit.raise())

        let lastHour = exporter.observe(
            core, in: configuration.directory, readiness: readiness, limits: limits, log: log, clock: clock
        )

        let clientRoutes = ClientRoutes(broker: core.broker, authenticator: core.authenticator)
        let operationsRoutes = OperationsRoutes(core: core, readiness: readiness) { asOpenMetrics in
            let format: TextFormat = asOpenMetrics ? .openMetrics : .prometheus
            return (format.mediaType, exporter.text(format))
        }
        let operations = Listener.operations(
            on: configuration.operations, operationsRoutes, allowedHosts: hosts, limits: limits, readiness: readiness,
            logger: logger
        )
        let admin = Listener.admin(
            on: configuration.adminSocket, AdminRoutes(core: core), limits: limits, readiness: readiness, logger: logger
        )
        let clients = configuration.listen.map {
            Listener.client(
                on: $0, clientRoutes, allowedHosts: hosts, tls: tls, limits: limits, readiness: readiness,
                logger: logger
            )
        }
        let systemd = SystemdNotifier(
            environment: ProcessInfo.processInfo.environment, readiness: readiness, clock: clock, logger: logger
        )
        // Stopped from the last to the first, one after the other: say that we go, answer what was accepted, end the
        // mints, and let those who probe see all of it.
        let services: [any Service] =
            [tls].compactMap(\.self) + [
                operations, Upkeep(core: core, lastHour: lastHour), Listeners(clients + [admin]), readiness,
            ]
            + [systemd].compactMap(\.self)
        var group = ServiceGroupConfiguration(services: services.map { .init(service: $0) }, logger: quiet(logger))
        group.maximumGracefulShutdownDuration = configuration.drainDelay + .seconds(20)
        group.maximumCancellationDuration = .seconds(3)
        do {
            try await Signals.run(ServiceGroup(configuration: group), onHangup: tls?.reload, log: log, logger: logger)
        } catch {
            try? store.close()
            throw error
        }
        try store.close()
    }

    /// The framework's own lines say less than ours.
    private func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}

/// Refreshes tokens, keeps house, and counts minutes; at the end, waits for the mints that are running.
private struct Upkeep: Service {
    let core: BrokerCore
    let lastHour: LastHour

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup { group in
                group.addTask { try await core.refresher.run() }
                group.addTask { try await core.housekeeping.run() }
                group.addTask { try await lastHour.run() }
                try await group.waitForAll()
            }
        }
        try await core.end()
    }
}
