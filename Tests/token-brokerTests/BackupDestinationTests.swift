import BrokerSQLite
import Foundation
import Testing

@testable import Broker
@testable import token_broker

struct BackupDestinationTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    private let data: String
    private var file: String { folder + "/backup" }

    init() throws {
        data = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        for path in [folder, data + "/inner"] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
    }

    private func destination(_ path: String? = nil) throws -> BackupDestination {
        try BackupDestination(path ?? file, besides: DataDirectory(data))
    }

    @Test func `in the data directory there is no place for it, by whatever way a path leads there`() throws {
        try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: data)
        try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: data + "/lock")
        try Data("lock".utf8).write(to: URL(fileURLWithPath: data + "/lock"))
        let paths = ["/lock", "/token-broker.db.draft-1", "/inner/a", "/../\((data as NSString).lastPathComponent)/a"]
        for path in paths.map({ data + $0 }) + [folder + "/link/a", folder + "/link/inner/a", file] {
            let error = #expect(throws: OperatorError.self) { try destination(path) }
            #expect(error?.message.contains("is in the data directory") ?? false, "\(path)")
        }
        #expect(try String(contentsOfFile: data + "/lock", encoding: .utf8) == "lock")
    }

    @Test func `files of like names stay`() throws {
        for name in ["backup.partial", "backup.draft"] {
            try Data("mine".utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
        }
        var destination = try destination()
        try destination.write(Data("abc".utf8))
        _ = try destination.finish(expecting: 3)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(names == ["backup", "backup.draft", "backup.partial"])
    }

    @Test func `what is whole gets its name`() throws {
        var destination = try destination()
        try destination.write(Data("abc".utf8))
        #expect(!FileManager.default.fileExists(atPath: file))
        let sha256 = try destination.finish(expecting: 3)
        // The example of FIPS 180-2.
        #expect(sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
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
        let draft = try #require(try FileManager.default.contentsOfDirectory(atPath: folder).first)
        try FileHandle(forWritingTo: URL(fileURLWithPath: folder + "/" + draft)).write(contentsOf: Data("abd".utf8))
        let error = #expect(throws: OperatorError.self) { try destination.finish(expecting: 3) }
        #expect(error?.message.contains("does not hold what was written") ?? false)
        destination.discard()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }
}
