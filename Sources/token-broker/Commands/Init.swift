import ArgumentParser
import Broker
import BrokerSQLite
import Logging

struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes data directory, master key and database.",
        example: "init --data-dir /var/lib/token-broker")

    @OptionGroup var output: Output
    @OptionGroup(visibility: .hidden) var settings: Settings

    private struct Reply: Encodable {
        let dataDirectory: String
        let masterKeyFile: String
    }

    func run() async throws {
        let configuration = try Configuration(settings)
        try await Self.make(configuration)
        let made = Reply(dataDirectory: configuration.directory.path, masterKeyFile: configuration.masterKey.path)
        try output.print(made) { made in
            """
            data directory: \(made.dataDirectory)
            master key:     \(made.masterKeyFile) (without it the database opens for nobody: keep a copy elsewhere)
            next:           token-broker serve
            """
        }
    }

    /// Makes the data directory, the master key and the database, unless there is a database.
    ///
    /// A master key without a database is either a new installation's, or the database is lost.
    static func makeWhatIsMissing(_ configuration: Configuration, logger: Logger) async throws {
        guard !configuration.directory.hasDatabase else { return }
        let hasMasterKey = configuration.masterKey.exists
        try await make(configuration)
        logger.log(
            .databaseMade, level: hasMasterKey ? .warning : .notice,
            hasMasterKey
                ? "made an empty database for a master key that was there: if it had a database, that is lost or not mounted"
                : "made the master key and an empty database"
        )
    }

    private static func make(_ configuration: Configuration) async throws {
        try configuration.directory.create()
        try await SQLiteStore.create(in: configuration.directory, masterKey: configuration.masterKey)
    }
}
