import Foundation
import Testing

@testable import token_broker

struct LogWriterTests {
    private let pipe = Pipe()

    private func writer() -> LogWriter {
        LogWriter(to: pipe.fileHandleForWriting.fileDescriptor) { "dropped \($0)\n" }
    }

    @Test func `lines come out in order`() {
        let writer = writer()
        for number in 0..<100 { writer.write("line \(number)\n") }
        writer.flush(timeout: .seconds(10))
        let read = pipe.fileHandleForReading.availableData
        #expect(String(decoding: read, as: UTF8.self) == (0..<100).map { "line \($0)\n" }.joined())
    }

    @Test func `nobody waits for whoever does not read, and what was dropped is counted`() throws {
        let writer = writer()
        let count = 100_000
        // A writer that waited would wait for ever: nobody reads before everything is written.
        for number in 0..<count { writer.write("line \(number) \(String(repeating: "-", count: 50)) x\n") }
        writer.flush(timeout: .milliseconds(10))
        var (lines, rest) = ([Substring](), "")
        func read() {
            rest += String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
            let parts = rest.split(separator: "\n", omittingEmptySubsequences: false)
            lines += parts.dropLast()
            rest = String(parts.last ?? "")
        }
        // Lines are dropped in one run or, if the writer's thread started late, in two.
        var dropped: Int { lines.compactMap { $0.hasPrefix("dropped ") ? Int($0.dropFirst(8)) : nil }.reduce(0, +) }
        var written: [Substring] { lines.filter { $0.hasPrefix("line ") && $0.hasSuffix(" x") } }
        while written.count + dropped < count { read() }
        // Now that somebody reads, there is room again.
        writer.write("the end\n")
        while lines.last != "the end" { read() }
        #expect(dropped > 0 && written.count + dropped == count)
        let numbers = written.compactMap { Int($0.dropFirst(5).prefix { $0 != " " }) }
        #expect(numbers.count == written.count && numbers == numbers.sorted())
        #expect(lines.allSatisfy { $0.hasPrefix("line ") || $0.hasPrefix("dropped ") || $0 == "the end" })
        // What the pipe took, what the thread held, and what waited.
        #expect(lines.reduce(0) { $0 + $1.utf8.count } < 3 << 20)
    }
}
