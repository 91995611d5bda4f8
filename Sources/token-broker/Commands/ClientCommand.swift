import ArgumentParser
import Broker
import BrokerSQLite
import Foundation

struct ClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "Registers, shows and changes clients and grants.",
        subcommands: [
            Add.self, List.self, Grant.self, Revoke.self, Rotate.self, Disable.self, Enable.self, Remove.self,
        ]
    )

    /// What makes one look again at the projects that a client was granted.
    static func doubts(_ keyless: [ProjectID]?, similar: [ProjectID]?) -> [String] {
        (keyless ?? []).map { "project \($0) has no key yet" } + (similar ?? []).map { "is project \($0) meant?" }
    }

    /// A client that is there already.
    struct OneClient: ParsableArguments {
        @Argument(help: "The client's name.", transform: ClientID.argument) var name: ClientID
        @OptionGroup var output: Output
        @OptionGroup(visibility: .hidden) var settings: Settings
    }

    struct Add: AdminCommand {
        static let configuration = CommandConfiguration(
            abstract: "Registers a client; prints its secret, once, where it needs one.",
            example: "client add web --project my-project --uid www-data")

        @Argument(help: "The client's name, which is its client ID.", transform: ClientID.argument) var name: ClientID
        @Option(help: "A project that it may have tokens of.", transform: ProjectID.argument)
        var project: [ProjectID] = []
        @Option(
            help: ArgumentHelp("A Unix user, who needs no secret on the Unix socket.", valueName: "user"),
            transform: UInt32.user)
        var uid: [UInt32] = []
        @Option(
            help: ArgumentHelp("A URI of a client certificate, such as a SPIFFE ID.", valueName: "uri"),
            transform: CertificateName.argument(.uri))
        var certificateURI: [CertificateName] = []
        @Option(
            help: ArgumentHelp("A DNS name of a client certificate.", valueName: "dns"),
            transform: CertificateName.argument(.dns))
        var certificateDNS: [CertificateName] = []
        @Flag(help: "Beside a user or a certificate, a secret, too.") var withSecret = false
        @OptionGroup var secret: SecretOutput
        @OptionGroup var output: Output
        @OptionGroup(visibility: .hidden) var settings: Settings

        func run() async throws {
            try secret.check()
            let addition = ClientAddition(
                clientID: name, projects: project, users: uid, certificateNames: certificateURI + certificateDNS,
                withSecret: withSecret || secret.secretOut != nil
            )
            try secret.print(await perform(addition), by: output, ifLost: "--overlap 0")
            let directory = try Configuration(settings, findsInstalled: true).directory.path
            for user in uid {
                guard let group = SocketGroup(of: directory + "/client.sock", hiddenFrom: user) else { continue }
                Console.say("the group '\(group.name)' may use the Unix socket: \(group.command(for: user))")
            }
        }
    }

    struct Rotate: AdminCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives a client a new secret, prints it, once, and lets the old one work for a while yet.",
            example: "client rotate billing --overlap 24h")

        @Argument(help: "The client's name.", transform: ClientID.argument) var name: ClientID
        @Option(
            help: "How long the old secret still works, such as 30m, 24h or 7d; 0 ends it now.",
            transform: TimeSpan.init)
        var overlap = TimeSpan(seconds: 24 * 3600)
        @Flag(help: "If two secrets work, end the older one now.") var force = false
        @Flag(help: "If two secrets work, end the newest one now, because it was lost.") var discardNewest = false
        @OptionGroup var secret: SecretOutput
        @OptionGroup var output: Output
        @OptionGroup(visibility: .hidden) var settings: Settings

        func validate() throws {
            if force, discardNewest { throw ValidationError("use --force or --discard-newest, not both") }
        }

        func run() async throws {
            try secret.check()
            let ending: ClientRotation.Ending? = force ? .older : discardNewest ? .newest : nil
            let rotation = ClientRotation(clientID: name, overlap: overlap.seconds, ending: ending)
            let reply = try await perform(rotation)
            try secret.print(
                reply, by: output, ifLost: reply.previousSecret == nil ? "--overlap 0" : "--discard-newest")
        }
    }

    struct List: AdminCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows the clients; never a secret.", example: "client list")

        @OptionGroup var paging: Paging<Client>
        @OptionGroup var output: Output
        @OptionGroup(visibility: .hidden) var settings: Settings

        func run() async throws {
            try output.print(await perform(ClientListing(page: try paging.page()))) { listing in
                Table(
                    headings: ["CLIENT", "STATE", "PROJECTS", "UNIX USERS", "CERTIFICATES", "SECRETS", "LAST USED"],
                    rows: listing.clients.map { client in
                        [
                            client.clientID.description, client.enabled ? "enabled" : "disabled",
                            client.projects.listed(of: client.projectCount),
                            client.users.listed(), client.certificateNames.listed(), "\(client.secrets.count)",
                            client.lastUsedAt.text,
                        ]
                    }
                ).text(empty: "no clients; register one: token-broker client add NAME --project PROJECT")
                    + Paging.more(after: listing.next)
            }
        }
    }

    struct Grant: AdminCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets a client have tokens of a project.", example: "client grant billing --project my-project")
        @Option(help: "The project.", transform: ProjectID.argument) var project: ProjectID
        @OptionGroup var client: OneClient
        var settings: Settings { client.settings }
        func run() async throws {
            try await change(.grant(projectID: project), client, done: "may have tokens of project \(project)")
        }
    }

    struct Revoke: AdminCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets a client have no more tokens of a project.",
            example: "client revoke billing --project my-project")
        @Option(help: "The project.", transform: ProjectID.argument) var project: ProjectID
        @OptionGroup var client: OneClient
        var settings: Settings { client.settings }
        func run() async throws {
            try await change(.revoke(projectID: project), client, done: "gets no more tokens of project \(project)")
        }
    }

    struct Disable: AdminCommand {
        static let configuration = CommandConfiguration(
            abstract: "Refuses a client until it is enabled again.", example: "client disable billing")
        @OptionGroup var client: OneClient
        var settings: Settings { client.settings }
        func run() async throws { try await change(.disable, client, done: "is disabled") }
    }

    struct Enable: AdminCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets a disabled client in again.", example: "client enable billing")
        @OptionGroup var client: OneClient
        var settings: Settings { client.settings }
        func run() async throws { try await change(.enable, client, done: "is enabled") }
    }

    struct Remove: AdminCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forgets a client and its grants.", example: "client remove billing")
        @OptionGroup var client: OneClient
        var settings: Settings { client.settings }
        func run() async throws { try await change(.remove, client, done: "is removed") }
    }
}

extension AdminCommand {
    fileprivate func change(
        _ verb: ClientChange.Verb, _ client: ClientCommand.OneClient, done: String
    ) async throws {
        try client.output.print(await perform(ClientChange(verb, client.name))) { report in
            let doubts = ClientCommand.doubts(report.projectsWithoutKeys, similar: report.similarProjects)
            return (["client \(report.clientID) \(done)"] + doubts).joined(separator: "\n")
        }
    }
}
