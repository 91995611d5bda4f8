import Foundation

/// One reader of what strangers send, and what must hold whatever they send.
protocol FuzzTarget {
    /// Traps where something does not hold.
    func run(_ input: [UInt8])
}

/// Runs libFuzzer on the target that the environment names.
@main @MainActor enum Fuzzing {
    private static let targets: [String: () async throws -> any FuzzTarget] = [
        "token-response": { TokenResponseTarget() }, "retry-after": { RetryAfterTarget() }, "form": { FormTarget() },
        "basic": { BasicTarget() }, "admin-json": { AdminJSONTarget() }, "record": { try RecordTarget() },
        "connection": { try await ConnectionTarget() },
    ]

    fileprivate static var target: (any FuzzTarget)?

    static func main() async throws {
        guard let make = targets[ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""] else {
            fatalError("FUZZ_TARGET is one of \(targets.keys.sorted().joined(separator: ", "))")
        }
        target = try await make()
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        exit(runFuzzer(&count, &arguments, testOneInput))
    }
}

/// libFuzzer calls it by this name, too.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    MainActor.assumeIsolated { Fuzzing.target?.run(input) }
    return 0
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ argumentCount: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
