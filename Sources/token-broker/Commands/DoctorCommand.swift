import ArgumentParser
import Broker
import BrokerUpstream
import Foundation

struct DoctorCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Looks at all that a broker rests on; says what to do.",
        example: "doctor",
        discussion: "Sends each token endpoint one request without a key. Exits with 1 where there is a problem."
    )

    @OptionGroup var output: Output
    @OptionGroup(visibility: .hidden) var settings: Settings

    private struct Report: Encodable {
        let problemCount: Int
        let warningCount: Int
        let findings: [Finding]
    }

    func run() async throws {
        let findings = await findings()
        let report = Report(
            problemCount: findings.count { $0.verdict == .problem },
            warningCount: findings.count { $0.verdict == .warning }, findings: findings
        )
        try output.print(report) { report in
            (report.findings.map(\.text) + ["", "problems: \(report.problemCount), warnings: \(report.warningCount)"])
                .joined(separator: "\n")
        }
        if report.problemCount > 0 { throw ExitCode.failure }
    }

    private func findings() async -> [Finding] {
        let configuration: Configuration
        do {
            configuration = try Configuration(settings, findsInstalled: true)
        } catch {
            let hint = (error as? OperatorError)?.hint ?? "'token-broker help settings' says what each may be"
            return [.problem("settings", error.reason, action: hint)]
        }
        let environment = ProcessInfo.processInfo.environment
        let local =
            SettingChecks(configuration, environment: environment).findings
            + FileChecks(configuration: configuration).findings
        do {
            let checks = try await withAdministration(reading: .everything) { administration in
                BrokerChecks(
                    status: try await administration.perform(StatusReport()),
                    projects: try await projects(of: administration)
                )
            }
            let endpoints = checks.status.budgets.compactMap { URL(string: $0.tokenEndpoint) }
            return local + checks.findings + (await probes(of: endpoints, configuration))
        } catch {
            return local + [.problem("broker", error)]
                + (await probes(of: [configuration.tokenEndpoint], configuration))
        }
    }

    private func projects(of administration: any Administration) async throws -> [ProjectReport] {
        var projects: [ProjectReport] = []
        var last: ProjectID?
        repeat {
            let part = try await administration.perform(ProjectListing(page: Page(after: last)))
            projects += part.projects
            last = part.next
        } while last != nil
        return projects
    }

    private func probes(of endpoints: [URL], _ configuration: Configuration) async -> [Finding] {
        let client: UpstreamClient
        do {
            client = try UpstreamClient(configuration.upstream)
        } catch {
            return [.problem("settings", error)]
        }
        var findings: [Finding] = []
        for endpoint in endpoints {
            findings += await EndpointChecks(endpoint: endpoint, client: client, clock: SystemClock()).findings()
        }
        try? await client.shutdown()
        return findings
    }
}

extension Finding {
    fileprivate var text: String {
        let verdict = verdict.rawValue.padding(toLength: 8, withPad: " ", startingAt: 0)
        return "\(verdict) \(check): \(finding)" + (action.map { "\n         to do: \($0)" } ?? "")
    }
}
