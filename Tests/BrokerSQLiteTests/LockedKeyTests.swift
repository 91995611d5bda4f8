import Crypto
import Foundation
import Testing

@testable import BrokerSQLite

@Suite(.timeLimit(.minutes(1))) struct LockedKeyTests {
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
}
