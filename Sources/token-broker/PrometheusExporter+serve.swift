import Broker
import BrokerHTTP
import BrokerPrometheus
import BrokerSQLite
import CoreMetrics
import Foundation

extension PrometheusExporter {
    /// Has everything counted from now on, in whatever is made from now on.
    static func bootstrap() -> PrometheusExporter {
        let exporter = PrometheusExporter()
        MetricsSystem.bootstrap(exporter)
        return exporter
    }

    /// Adds the numbers that are read off the broker and its process at each scrape.
    ///
    /// - Parameter start: when the process started.
    func observe(
        _ core: BrokerCore, in directory: DataDirectory, readiness: Readiness, connections: ConnectionTables,
        tls: ListenerTLS?, log: LogWriter, since start: Date
    ) {
        let (broker, process) = (BrokerStatistics(of: core), ProcessStatistics(start: start))
        addSource { broker.samples + process.samples }
        addSource {
            let numbers = connections.all.flatMap { listener, table in
                [
                    Sample("token_broker_connections", for: [listener], Double(table.open)),
                    Sample("token_broker_connections_evicted_total", for: [listener], Double(table.evicted)),
                ]
            }
            let expiries = (tls?.expiries(at: Date()) ?? []).flatMap {
                [
                    Sample(
                        "token_broker_certificate_expiry_timestamp_seconds", for: [$0.file],
                        $0.notAfter.timeIntervalSince1970
                    ),
                    Sample("token_broker_certificate_lifetime_seconds", for: [$0.file], $0.lifetime),
                ]
            }
            let free = directory.freeBytes.map { Sample("token_broker_data_directory_free_bytes", Double($0)) }
            return [
                Sample("token_broker_build_info", for: [Version.number, Version.commit], 1),
                Sample("token_broker_ready", readiness.isReady),
                Sample("token_broker_log_lines_dropped_total", Double(log.dropped)),
            ] + numbers + expiries + [free].compactMap(\.self)
        }
    }
}
