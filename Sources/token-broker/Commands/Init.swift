import ArgumentParser
import Broker
import BrokerSQLite

struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes the data directory, the master key and the database; overwrites nothing."
    )

    @OptionGroup var settings: Settings

    func run() async throws {
        let configuration = try Configuration(settings)
        try await Self.make(configuration)
        print("data directory: \(configuration.directory.path)")
        print(
            "master key:     \(configuration.masterKey.path) (without it the database opens for nobody: keep a copy elsewhere)"
        )
        print("next:           token-broker serve")
    }

    static func make(_ configuration: Configuration) async throws {
        try configuration.directory.create()
        try await SQLiteStore.create(in: configuration.directory, masterKey: configuration.masterKey)
    }
}
