import ArgumentParser
import Broker

struct ExportCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Prints keys, clients and grants as a file for 'apply'.",
        example: "export",
        discussion: "There is no secret in the file. 'apply' of it changes nothing.")

    @OptionGroup var output: Output
    @OptionGroup(visibility: .hidden) var settings: Settings

    func run() async throws {
        try output.print(await perform(RegistryExport()), orFor: \.document)
    }
}

extension RegistryExport.Reply {
    /// As a YAML document.
    fileprivate var document: String {
        (list("keys", keys.map(\.fields)) + list("clients", clients.map(\.fields))).joined(separator: "\n")
    }

    private func list(_ name: String, _ items: [[(name: String, value: String?)]]) -> [String] {
        if items.isEmpty { return ["\(name): []"] }
        return ["\(name):"]
            + items.flatMap { fields in
                fields.compactMap { name, value in value.map { "\(name): \($0)" } }
                    .enumerated().map { ($0 == 0 ? "  - " : "    ") + $1 }
            }
    }
}

extension RegistryExport.Key {
    fileprivate var fields: [(name: String, value: String?)] {
        [
            ("key_id", keyID.quoted), ("project_id", projectID.quoted), ("name", name?.quoted),
            ("scope", scope?.quoted),
            ("token_endpoint", tokenEndpoint?.quoted), ("state", state.rawValue),
        ]
    }
}

extension RegistryExport.Client {
    fileprivate var fields: [(name: String, value: String?)] {
        [
            ("client_id", clientID.quoted), ("projects", projects.map(\.quoted).flowList),
            ("users", users?.map(String.init).flowList),
            ("certificate_names", certificateNames?.map(\.quoted).flowList), ("secret_file", secretFile?.quoted),
            ("enabled", "\(enabled)"),
        ]
    }
}

extension CustomStringConvertible {
    /// A JSON string is a YAML string, too (YAML 1.2 §1.3).
    fileprivate var quoted: String { description.jsonQuoted }
}

extension [String] {
    fileprivate var flowList: String { "[" + joined(separator: ", ") + "]" }
}
