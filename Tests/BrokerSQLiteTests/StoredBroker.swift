import Broker
import BrokerTesting
import Foundation

@testable import BrokerSQLite

/// A broker that can be stopped and started again: its store is a file, all else are doubles.
struct StoredBroker {
    private let folder: TemporaryFolder
    let directory: DataDirectory
    let masterKey: MasterKeyFile
    let clock: ManualClock
    let log = LineCollector()

    init() async throws {
        try self.init(in: TemporaryFolder(), clock: ManualClock())
        try directory.create()
        try await SQLiteStore.create(in: directory, masterKey: masterKey)
    }

    private init(in folder: TemporaryFolder, clock: ManualClock) throws {
        self.folder = folder
        self.clock = clock
        directory = DataDirectory(folder.path + "/data")
        masterKey = MasterKeyFile(directory.path + "/master.key")
    }

    /// One whose database and master key a program wrote that is as old as its folder's name says.
    ///
    /// - Parameter date: what its clock shows.
    init(golden name: String, at date: Date) throws {
        try self.init(in: TemporaryFolder(), clock: ManualClock())
        clock.setWall(by: .seconds(date.timeIntervalSince(clock.now.wall)))
        let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "Golden/\(name)")
        try directory.create()
        for file in try FileManager.default.contentsOfDirectory(atPath: golden.path) {
            let copy = directory.path + "/" + file
            try FileManager.default.copyItem(atPath: golden.appendingPathComponent(file).path, toPath: copy)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: copy)
        }
    }

    /// Another one with the same store.
    func copy() throws -> StoredBroker {
        let copy = try StoredBroker(in: TemporaryFolder(), clock: clock)
        try FileManager.default.copyItem(atPath: directory.path, toPath: copy.directory.path)
        return copy
    }

    /// Starts it, and stops it again after `body`.
    func run<Value>(
        reading extent: StoreExtent = .everything, _ body: (BrokerCore) async throws -> Value
    ) async throws -> Value {
        let (store, sealer) = try SQLiteStore.open(in: directory, masterKey: masterKey)
        let core = try await BrokerCore(
            store: store, reading: extent, sealer: sealer, endpoint: StubTokenEndpoint(clock: clock),
            policy: BrokerCore.Policy(
                defaultTokenEndpoint: URL(string: "http://127.0.0.1/oauth2/token")!, mintRate: 1000, mintBurst: 1000
            ),
            clock: clock, random: { 0.5 }, logger: log.logger
        )
        let value = try await body(core)
        try await core.end()
        try store.close()
        return value
    }
}
