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
        for number in 0..<count { writer.write("line \(number) \(String(repeating: "x", count: 50))\n") }
        writer.flush(timeout: .milliseconds(10))
        // Once somebody reads, there is room again: the lines that come now follow those that waited.
        var text = ""
        while !text.contains("dropped") {
            text += String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
        }
        writer.write("the end\n")
        while !text.contains("the end") {
            text += String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
        }
        let lines = text.split(separator: "\n")
        let written = lines.filter { $0.hasPrefix("line ") }
        let dropped = try #require(lines.first { $0.hasPrefix("dropped") }.flatMap { Int($0.dropFirst(8)) })
        #expect(dropped > 0 && written.count + dropped == count)
        #expect(written.enumerated().allSatisfy { $1.hasPrefix("line \($0) ") && $1.hasSuffix("xx") })
        #expect(lines.last == "the end")
        #expect(text.utf8.count < 2 << 20)
    }
}
