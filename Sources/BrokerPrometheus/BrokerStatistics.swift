package import Broker
import Foundation

/// How the broker is, as numbers that are read when somebody asks.
package struct BrokerStatistics: Sendable {
    private let core: BrokerCore

    package init(of core: BrokerCore) {
        self.core = core
    }

    package var samples: [Sample] {
        let counts = core.registry.counts
        let tokens = core.queue.counts
        var samples = [
            Sample("token_broker_store_up", core.health.works(.store)),
            Sample("token_broker_master_key_file_valid", core.health.works(.masterKeyFile)),
            Sample("token_broker_projects", Double(counts.projects)),
            Sample("token_broker_keys", Double(counts.keys)),
            Sample("token_broker_clients", Double(counts.clients)),
            Sample("token_broker_tokens", Double(tokens.all)),
            Sample("token_broker_token_refreshes_due", Double(tokens.due)),
            Sample("token_broker_mint_waiters", Double(core.flights.waiters)),
        ]
        if let last = core.backups.last {
            samples.append(
                Sample("token_broker_last_backup_timestamp_seconds", last.timeIntervalSince1970.rounded(.down)))
        }
        for endpoint in core.registry.endpoints {
            let url = endpoint.absoluteString
            samples += [
                Sample("token_broker_mint_budget_remaining", for: [url], Double(core.budget.remaining(at: endpoint))),
                Sample("token_broker_mint_budget_saturated", for: [url], !core.health.works(.budget(endpoint))),
                Sample("token_broker_endpoint_up", for: [url], core.health.works(.endpoint(endpoint))),
            ]
        }
        for project in projects { samples += self.samples(of: project) }
        return samples
    }

    /// Where they are too many, always the same ones.
    private var projects: [ProjectID] {
        let all = core.registry.projects
        // One series for each key is the most.
        guard core.registry.counts.keys > PrometheusExporter.mostSeries else { return Array(all) }
        return Array(all.sorted().prefix(PrometheusExporter.mostSeries))
    }

    private func samples(of project: ProjectID) -> [Sample] {
        let name = project.description
        var samples = [
            Sample(
                "token_broker_mint_consecutive_failures", for: [name],
                Double(core.failures.streak(of: project)?.count ?? 0))
        ]
        if let token = core.broker.report(of: project) {
            samples.append(Sample("token_broker_token_expires_in_seconds", for: [name], Double(token.expiresIn)))
        }
        for key in core.registry.keys(of: project) {
            samples.append(
                Sample(
                    "token_broker_key_quarantined", for: [name, key.id.description],
                    core.health.isQuarantined(key)
                )
            )
        }
        return samples
    }
}
