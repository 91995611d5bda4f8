import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import TokenBrokerClient

/// Lists a project's numbers, as often at once as each line of input says.
@main
struct ListNumbers {
    let project = setting("PROJECT_ID", "my-project")
    let api = setting("API_URL", "https://numbers.api.sinch.com")
    let broker = TokenBroker(
        .url(setting("BROKER_URL", "http://127.0.0.1:8787")),
        credentials: BrokerCredentials(
            clientID: setting("CLIENT_ID", ""), clientSecret: setting("CLIENT_SECRET", "")
        )
    )

    @MainActor static func main() async {
        let example = ListNumbers()
        while let line = readLine() {
            await withTaskGroup { group in
                for _ in 0..<(Int(line) ?? 0) { group.addTask { await example.numbers() } }
                for await answer in group { print(answer) }
            }
            fflush(nil)
        }
    }

    func numbers() async -> String {
        do {
            let request = HTTPClientRequest(url: "\(api)/v1/projects/\(project)/activeNumbers")
            let answer = try await HTTPClient.shared.execute(request, withTokenOf: project, from: broker)
            let body = String(buffer: try await answer.body.collect(upTo: 1 << 20))
            return answer.status == .ok ? body : "error: \(answer.status.code) \(body)"
        } catch {
            return "error: \(error)"
        }
    }
}

func setting(_ name: String, _ otherwise: String) -> String {
    ProcessInfo.processInfo.environment[name] ?? otherwise
}
