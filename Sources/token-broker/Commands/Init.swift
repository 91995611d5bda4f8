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
        try configuration.directory.create()
        if !configuration.masterKey.exists { try configuration.masterKey.create() }
        try SQLiteStore.create(in: configuration.directory, masterKey: configuration.masterKey)
        print("data directory: \(configuration.directory.path)")
        print(
            "master key:     \(configuration.masterKey.path) (without it the database opens for nobody: keep a copy elsewhere)"
        )
        print("next:           token-broker serve")
    }
}
