import Crypto
import Foundation
import Testing

@testable import BrokerSQLite

struct LockedKeyTests {
    /// What the kernel says of the mapping that an address is in (proc_pid_smaps(5)).
    private func flags(of address: Int) throws -> Set<Substring> {
        let smaps = try #require(try FileHandle(forReadingAtPath: "/proc/self/smaps")?.readToEnd())
        let lines = String(decoding: smaps, as: UTF8.self).split(separator: "\n")
        var isMeant = false
        for line in lines {
            if let range = line.split(separator: " ").first?.split(separator: "-"), range.count == 2,
                let begin = Int(range[0], radix: 16), let end = Int(range[1], radix: 16)
            {
                isMeant = (begin..<end).contains(address)
            } else if isMeant, line.hasPrefix("VmFlags:") {
                return Set(line.split(separator: " ").dropFirst())
            }
        }
        return []
    }

    @Test func `a key is locked, in no core dump, read-only and the same`() throws {
        let key = SymmetricKey(size: .bits256)
        let locked = LockedKey(key)
        #expect(locked.key == key)
        let flags = try flags(of: locked.address)
        #expect(flags.isSuperset(of: ["rd", "dd", "lo"]) && !flags.contains("wr"), "\(flags)")
    }

    @Test func `a line in a file is read into memory that can be cleared, and is`() throws {
        let key = SymmetricKey(size: .bits256)
        var line = MasterKeyLine(key)
        #expect(line.key == key)
        #expect(MasterKeyLine(bytes: Array(" ".utf8) + line.bytes + Array("\r\n".utf8)).key == key)
        line.clear()
        #expect(line.bytes.allSatisfy { $0 == 0 } && line.bytes.count == 49)
        #expect(line.key == nil)
        for other in ["", "tbmk_", "tbmk_AAAA", "tbm_" + String(repeating: "A", count: 43)] {
            #expect(MasterKeyLine(bytes: Array(other.utf8)).key == nil)
        }
    }

    @Test func `what is gone locks nothing`() throws {
        for _ in 0..<5000 { _ = LockedKey(SymmetricKey(size: .bits256)) }
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let locked = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmLck:") })
        let kilobytes = try #require(locked.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) })
        #expect(kilobytes < 5000)
    }

    @Test func `what a record's key is derived with leaves no copy behind`() {
        let bytes: [UInt8] = (0..<32).map { _ in .random(in: 1...255) }
        let key = SealingKey(SymmetricKey(data: bytes), term: 1)
        let salt = Data(repeating: 1, count: 32)
        withExtendedLifetime((bytes, key.extract(salt))) {
            #expect(!freedMemory(contains: bytes))
        }
    }

    @Test func `what is freed without being cleared is found`() {
        let bytes: [UInt8] = (0..<32).map { _ in .random(in: 1...255) }
        withExtendedLifetime(bytes) {
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: 224, alignment: 16)
            UnsafeMutableRawBufferPointer(rebasing: copy[96..<128]).copyBytes(from: bytes)
            copy.deallocate()
            #expect(freedMemory(contains: bytes))
        }
    }

    /// Whether what this thread freed last, in pieces of any size up to 1 KiB, still holds those bytes.
    ///
    /// The allocator hands out first what was freed last by the same thread, as it was but for its first 16 bytes.
    private func freedMemory(contains bytes: [UInt8]) -> Bool {
        var pieces: [UnsafeMutableRawBufferPointer] = []
        // In one piece that is larger than those.
        pieces.reserveCapacity(512)
        defer { for piece in pieces { piece.deallocate() } }
        for size in stride(from: 24, through: 1032, by: 16) {
            for _ in 0..<7 { pieces.append(.allocate(byteCount: size, alignment: 16)) }
        }
        return pieces.contains { Data($0).range(of: Data(bytes)) != nil }
    }
}
