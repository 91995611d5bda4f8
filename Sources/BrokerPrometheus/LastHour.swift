package import Broker
import Foundation
import Synchronization

/// What was counted in the last hour, minute by minute.
package final class LastHour: Sendable {
    /// All that was counted up to a moment.
    private struct Totals: Sendable {
        let at: Moment
        let handedOut: Int64
        let asked: Int64
        let minted: Int64
        let mints: Int64
        let durations: HistogramCell.Snapshot
    }

    private static let minute: Duration = .seconds(60)
    private static let minutes = 60

    private let exporter: PrometheusExporter
    private let clock: any BrokerClock
    /// Guards the totals at the beginning of each minute, the oldest first.
    private let beginnings: Mutex<[Totals]>

    package init(of exporter: PrometheusExporter, clock: any BrokerClock) {
        self.exporter = exporter
        self.clock = clock
        beginnings = Mutex([Self.totals(of: exporter, at: clock.now)])
    }

    /// Begins a minute after the other until the task is cancelled.
    package func run() async throws {
        while true {
            try await clock.sleep(for: Self.minute)
            beginMinute()
        }
    }

    func beginMinute() {
        let totals = Self.totals(of: exporter, at: clock.now)
        beginnings.withLock { beginnings in
            beginnings.append(totals)
            beginnings.removeFirst(max(0, beginnings.count - Self.minutes))
        }
    }

    /// The oldest first; the last one is not over.
    package var minutes: [ServingReport.Minute] {
        let totals = beginnings.withLock(\.self) + [Self.totals(of: exporter, at: clock.now)]
        return zip(totals, totals.dropFirst()).map { begin, end in
            let durations = end.durations.since(begin.durations)
            let handedOut = end.handedOut - begin.handedOut
            let minted = end.minted - begin.minted
            return ServingReport.Minute(
                time: begin.at.wall, handedOut: Int(handedOut), refused: Int(end.asked - begin.asked - handedOut),
                minted: Int(minted), mintsFailed: Int(end.mints - begin.mints - minted),
                medianMicroseconds: durations.quantile(0.5).map { Int(($0 * 1e6).rounded(.up)) },
                p99Microseconds: durations.quantile(0.99).map { Int(($0 * 1e6).rounded(.up)) }
            )
        }
    }

    private static func totals(of exporter: PrometheusExporter, at now: Moment) -> Totals {
        let handOuts = exporter.total(of: "token_broker_handouts_total")
        let mints = exporter.total(of: "token_broker_mints_total")
        return Totals(
            at: now, handedOut: handOuts { ["handed_out", "degraded"].contains($0.last) },
            asked: handOuts { _ in true },
            minted: mints { $0.last == "minted" }, mints: mints { _ in true },
            durations: exporter.durations(of: "token_broker_http_request_duration_seconds") {
                $0.first?.hasSuffix("/token") == true
            }
        )
    }
}
