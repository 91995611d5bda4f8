import BrokerSQLite
import Foundation
import Testing

@testable import Broker
@testable import token_broker

struct BackupDestinationTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    private var file: String { folder + "/backup" }

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func destination() throws -> BackupDestination {
        try BackupDestination(file, besides: DataDirectory(folder))
    }

    @Test func `what is whole gets its name`() throws {
        var destination = try destination()
        try destination.write(Data("abc".utf8))
        #expect(!FileManager.default.fileExists(atPath: file))
        let report = try destination.finish(expecting: 3)
        // The example of FIPS 180-2.
        #expect(report.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "abc")
    }

    @Test func `what came in part gets none`() throws {
        var destination = try destination()
        try destination.write(Data("abc".utf8))
        let error = #expect(throws: OperatorError.self) { try destination.finish(expecting: 4) }
        #expect(error?.message.contains("3 of 4 bytes came") ?? false)
        #expect(!FileManager.default.fileExists(atPath: file))
    }

    @Test func `what the disk does not give back gets none`() throws {
        var destination = try destination()
        try destination.write(Data("abc".utf8))
        try Data("abd".utf8).write(to: URL(fileURLWithPath: file + ".partial"))
        let error = #expect(throws: OperatorError.self) { try destination.finish(expecting: 3) }
        #expect(error?.message.contains("does not hold what was written") ?? false)
        destination.discard()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }
}
