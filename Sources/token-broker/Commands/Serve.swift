import ArgumentParser
import Broker
import BrokerHTTP
import BrokerPrometheus
import BrokerSQLite
import BrokerUpstream
import Foundation
import Logging
import NIOCore
import NIOPosix
import ProcessLimits
import ServiceLifecycle

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs the broker.", example: "serve --init")

    @Flag(
        name: .customLong("init"),
        help: "Make the data directory, the master key and the database first, where there is no database.")
    var makesWhatIsMissing = false

    @OptionGroup(visibility: .hidden) var settings: Settings

    func run() async throws {
        let begin = ContinuousClock.now
        // One for each processor that it may use, however many the machine has.
        NIOSingletons.groupLoopCountSuggestion = min(System.coreCount, Processors.allowed ?? .max)
        let configuration = try Configuration(settings)
        let log = LineLogHandler.bootstrap(format: configuration.logFormat, level: configuration.logLevel)
        defer { log.flush(timeout: .seconds(1)) }
        let logger = Logger(label: "token-broker")
        logger.log(
            .brokerStarting, "starting",
            [
                "version": "\(Version.number)", "commit": "\(Version.commit)",
                "data_directory": "\(configuration.directory.path)", "token_endpoint": "\(configuration.tokenEndpoint)",
            ]
        )
        do {
            if makesWhatIsMissing { try await Init.makeWhatIsMissing(configuration, logger: logger) }
            let client = try UpstreamClient(configuration.upstream)
            let served = await Result {
                try await serve(configuration, client: client, log: log, logger: logger, since: begin)
            }
            let closed = await Result { try await client.shutdown() }
            let stop = try served.get()
            try closed.get()
            let milliseconds = stop.map { Int((ContinuousClock.now - $0) / .milliseconds(1)) } ?? 0
            logger.log(
                .brokerStopped, "stopped in \(milliseconds) ms", ["duration_ms": .stringConvertible(milliseconds)]
            )
        } catch  where configuration.logFormat == .json {
            // Whoever reads the log reads it by machine: what ends the broker is a line like the others.
            var metadata: Logger.Metadata = [:]
            metadata["hint"] = (error as? OperatorError)?.hint.map { "\($0)" }
            logger.log(.brokerFailed, level: .critical, "\(error.reason)", metadata)
            throw ExitCode((error as? OperatorError)?.reason.exitCode ?? 1)
        }
    }

    private func serve(
        _ configuration: Configuration, client: UpstreamClient, log: LogWriter, logger: Logger,
        since begin: ContinuousClock.Instant
    ) async throws -> ContinuousClock.Instant? {
        let exporter = PrometheusExporter.bootstrap()
        let tls = try configuration.tls.map { try ListenerTLS($0) }
        let clock = SystemClock()
        let (core, store) = try await BrokerCore.open(configuration, client: client, clock: clock, logger: logger)
        let readiness = Readiness(
            awaiting: configuration.listen + configuration.operations + [configuration.adminSocket],
            health: core.health, tokens: core.cache, drainDelay: configuration.drainDelay
        ) {
            let milliseconds = (ContinuousClock.now - begin) / .milliseconds(1)
            logger.log(
                .brokerReady, "ready in \(Int(milliseconds)) ms",
                [
                    "duration_ms": .stringConvertible(Int(milliseconds)),
                    "schema": .stringConvertible(SQLiteStore.schema),
                    "projects": .stringConvertible(core.registry.counts.projects),
                ]
            )
        }
        let hosts = configuration.allowedHosts
        let connections = ConnectionTables(openFiles: OpenFileLimit.raise())

        let startedAt = clock.now.wall
        exporter.observe(
            core, in: configuration.directory, readiness: readiness, connections: connections, tls: tls, log: log,
            since: startedAt
        )
        let lastHour = LastHour(of: exporter, clock: clock)
        let serving: @Sendable () -> ServingReport = {
            ServingReport(
                version: Version.number, commit: Version.commit, startedAt: startedAt, ready: readiness.isReady,
                failedChecks: readiness.failedChecks, connections: connections.open, lastHour: lastHour.minutes
            )
        }

        let clientRoutes = ClientRoutes(
            broker: core.broker, authenticator: core.authenticator, issuer: configuration.issuer
        )
        let operationsRoutes = OperationsRoutes(core: core, readiness: readiness, serving: serving) { asOpenMetrics in
            let format: TextFormat = asOpenMetrics ? .openMetrics : .prometheus
            return (format.mediaType, exporter.text(format))
        }
        let operations = configuration.operations.map {
            Listener.operations(
                on: $0, operationsRoutes, allowedHosts: hosts, connections: connections, readiness: readiness,
                logger: logger
            )
        }
        let admin = Listener.admin(
            on: configuration.adminSocket, AdminRoutes(core: core, serving: serving), connections: connections,
            readiness: readiness, logger: logger
        )
        let clientHosts = hosts.union([configuration.issuer?.host].compactMap(\.self))
        let clients = configuration.listen.map {
            Listener.client(
                on: $0, clientRoutes, allowedHosts: clientHosts, tls: tls, connections: connections,
                readiness: readiness,
                logger: logger
            )
        }
        let systemd = SystemdNotifier(
            environment: ProcessInfo.processInfo.environment, readiness: readiness, clock: clock, logger: logger
        )
        let reloads = Reloads(all: [client] + [tls].compactMap(\.self), logger: logger)
        // Stopped from the last to the first, one after the other: say that we go, answer what was accepted, end the
        // mints, and let those who probe see all of it.
        let services: [any Service] =
            [
                reloads, Listeners(operations), Upkeep(core: core, lastHour: lastHour, tls: tls, clock: clock),
                Listeners(clients + [admin]),
                readiness,
            ]
            + [systemd].compactMap(\.self)
        var group = ServiceGroupConfiguration(services: services.map { .init(service: $0) }, logger: .silent)
        group.maximumGracefulShutdownDuration = configuration.drainDelay + .seconds(20)
        group.maximumCancellationDuration = .seconds(3)
        let run = await Result {
            try await Signals.run(ServiceGroup(configuration: group), onHangup: reloads, log: log, logger: logger)
        }
        // What ended the broker says more than what its end led to.
        let closed = Result(catching: { try store.close() })
        try run.get()
        try closed.get()
        return readiness.drainingSince
    }
}

/// Refreshes tokens, maintains the store, counts minutes and watches certificates; at the end, waits for the mints that are
/// running.
private struct Upkeep: Service {
    let core: BrokerCore
    let lastHour: LastHour
    let tls: ListenerTLS?
    let clock: any BrokerClock

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup { group in
                group.addTask { try await core.refresher.run() }
                group.addTask { try await core.housekeeping.run() }
                group.addTask { try await lastHour.run() }
                if let tls { group.addTask { try await tls.reportExpiries(to: core.health, clock: clock) } }
                try await group.waitForAll()
            }
        }
        try await core.end()
    }
}
