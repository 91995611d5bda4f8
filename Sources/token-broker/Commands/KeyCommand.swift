import ArgumentParser
import Broker
import Foundation

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Registers, shows and changes access keys.",
        subcommands: [
            Add.self, List.self, Verify.self, Activate.self, Disable.self, Enable.self, Remove.self, Rotate.self,
            SetSecret.self,
        ]
    )

    /// What describes a key that is to be registered.
    struct Registration: ParsableArguments {
        @Option(help: "The Sinch project that the key belongs to.", transform: ProjectID.argument)
        var project: ProjectID

        @Option(help: "The key's ID at Sinch.", transform: KeyID.argument)
        var keyID: KeyID

        @Option(help: "A name for people.")
        var name: String?

        @OptionGroup var secret: SecretInput

        @Option(help: "The scope that tokens of this key are minted with, space-delimited.")
        var scope = ""

        @Flag(help: "Store the key without minting with it first.")
        var noVerify = false

        /// - Parameter settings: the token endpoint that is named on the command line is this key's own.
        func registration(_ settings: Settings) throws -> KeyRegistration {
            KeyRegistration(
                projectID: project, keyID: keyID, name: name, secret: try secret.read(),
                tokenEndpoint: settings.tokenEndpoint,
                scope: scope, verify: !noVerify
            )
        }
    }

    /// A key that is there already.
    struct OneKey: ParsableArguments {
        @Argument(help: "The key's ID.", transform: KeyID.argument) var keyID: KeyID
        @OptionGroup var output: Output
        @OptionGroup(visibility: .hidden) var settings: Settings
    }

    struct Add: AdminCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Registers an access key, after minting once with it. A project's first is active, later ones stand by.",
            example: "key add --project my-project --key-id key-1",
            discussion: "--token-endpoint URL gives the key a token endpoint of its own.")

        @OptionGroup var key: Registration
        @OptionGroup var output: Output
        @OptionGroup(visibility: .hidden) var settings: Settings

        func run() async throws {
            try output.print(await perform(KeyAddition(try key.registration(settings)))) {
                "key \($0.keyID) of project \($0.projectID) is registered and \($0.state.text)"
            }
        }
    }

    struct Rotate: AdminCommand {
        static let configuration = CommandConfiguration(
            abstract: "Registers an access key and activates it; the one that was active stands by.",
            example: "key rotate --project my-project --key-id key-2",
            discussion: "--token-endpoint URL gives the key a token endpoint of its own.")

        @OptionGroup var key: Registration
        @OptionGroup var output: Output
        @OptionGroup(visibility: .hidden) var settings: Settings

        func run() async throws {
            try output.print(await perform(KeyRotation(try key.registration(settings)))) { rotation in
                let done = "key \(rotation.key.keyID) of project \(rotation.key.projectID) is active"
                guard let previous = rotation.previous, let end = rotation.previousMayBeDeletedAt else { return done }
                return done + "\nkey \(previous.keyID) stands by; "
                    + (end > Date()
                        ? "its last token expires at \(end.formatted(.iso8601)): after that it may be removed here and deleted at Sinch"
                        : "no token of it is valid: it may be removed here and deleted at Sinch")
            }
        }
    }

    struct List: AdminCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows the access keys; never a secret.", example: "key list --project my-project")

        @Option(help: "Only this project's.", transform: ProjectID.argument)
        var project: ProjectID?
        @OptionGroup var paging: Paging<Project>
        @OptionGroup var output: Output
        @OptionGroup(visibility: .hidden) var settings: Settings

        func run() async throws {
            let request = try project.map(KeyListing.init(of:)) ?? KeyListing(page: paging.page())
            try output.print(await perform(request)) { listing in
                Table(
                    headings: ["PROJECT", "KEY", "STATE", "TOKEN", "LAST MINTED", "LAST USED", "NAME"],
                    rows: listing.keys.map { key in
                        [
                            key.projectID.description, key.keyID.description,
                            key.quarantined ? "\(key.state.rawValue), quarantined" : key.state.rawValue,
                            key.token.text, key.lastMintedAt.text, key.lastUsedAt.text, key.name ?? "",
                        ]
                    }
                ).text(empty: "no keys; register one: token-broker key add --project PROJECT --key-id ID")
                    + Paging.more(after: listing.next)
            }
        }
    }

    struct Verify: AdminCommand {
        static let configuration = CommandConfiguration(
            abstract: "Mints once with the key, and ends its quarantine.", example: "key verify key-1")
        @OptionGroup var key: OneKey
        var settings: Settings { key.settings }
        func run() async throws {
            try key.output.print(await perform(KeyVerification(key.keyID))) { "key \($0.keyID) works" }
        }
    }

    struct SetSecret: AdminCommand {
        static let configuration = CommandConfiguration(
            commandName: "set-secret",
            abstract: "Replaces a key's secret, after minting once with the new one; its token is kept.",
            example: "key set-secret key-1")
        @OptionGroup var secret: SecretInput
        @Flag(help: "Store the secret without minting with it first.") var noVerify = false
        @OptionGroup var key: OneKey
        var settings: Settings { key.settings }
        func run() async throws {
            let replacement = KeySecretReplacement(key.keyID, secret: try secret.read(), verify: !noVerify)
            try key.output.print(await perform(replacement)) {
                "key \($0.keyID) of project \($0.projectID) has the new secret"
            }
        }
    }

    struct Activate: AdminCommand {
        static let configuration = CommandConfiguration(
            abstract: "Mints the project's tokens with this key from now on.", example: "key activate key-2")
        @OptionGroup var key: OneKey
        var settings: Settings { key.settings }
        func run() async throws { try await change(.activate, key) }
    }

    struct Disable: AdminCommand {
        static let configuration = CommandConfiguration(
            abstract: "Neither mints with the key nor hands out its tokens.", example: "key disable key-1")
        @Flag(help: "Even if it is the project's last enabled key.") var force = false
        @OptionGroup var key: OneKey
        var settings: Settings { key.settings }
        func run() async throws { try await change(.disable, key, force: force) }
    }

    struct Enable: AdminCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets a disabled key stand by, or be active where none is.", example: "key enable key-1")
        @OptionGroup var key: OneKey
        var settings: Settings { key.settings }
        func run() async throws { try await change(.enable, key) }
    }

    struct Remove: AdminCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forgets the key and its tokens.", example: "key remove key-1")
        @Flag(help: "Even if it is the project's last enabled key.") var force = false
        @OptionGroup var key: OneKey
        var settings: Settings { key.settings }
        func run() async throws { try await change(.remove, key, force: force) }
    }
}

extension AdminCommand {
    fileprivate func change(_ verb: KeyChange.Verb, _ key: KeyCommand.OneKey, force: Bool = false) async throws {
        try key.output.print(await perform(KeyChange(verb, key.keyID, force: force))) {
            "key \($0.keyID) of project \($0.projectID) is \(verb == .remove ? "removed" : $0.state.text)"
        }
    }
}

extension AccessKey.State {
    fileprivate var text: String {
        switch self {
        case .active: "active"
        case .standby: "standing by"
        case .disabled: "disabled"
        }
    }
}
