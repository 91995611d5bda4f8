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
        let process = ProcessStatistics(start: Date())
        exporter.addSource {
            process.samples + [Sample("token_broker_build_info", for: [Version.number, Version.commit], 1)]
        }
        return exporter
    }

    /// Adds what is read off the broker and its surroundings when somebody asks.
    func observe(
        _ core: BrokerCore, in directory: DataDirectory, readiness: Readiness, limits: ConnectionLimits, log: LogWriter
    ) {
        let broker = BrokerStatistics(of: core)
        addSource { broker.samples }
        addSource {
            [
                Sample("token_broker_ready", readiness.isReady),
                Sample("token_broker_log_lines_dropped_total", Double(log.dropped)),
                Sample("token_broker_connections", for: ["client"], Double(limits.client.open)),
                Sample("token_broker_connections", for: ["operations"], Double(limits.operations.open)),
                Sample("token_broker_connections", for: ["admin"], Double(limits.admin.open)),
            ]
                + [directory.freeBytes.map { Sample("token_broker_data_directory_free_bytes", Double($0)) }]
                .compactMap(\.self)
        }
    }
}
