import Foundation

/// The processors that the process may run on.
package enum Processors {
    /// How many, by its affinity (proc_pid_status(5)); `nil` where the kernel does not say.
    package static var allowed: Int? {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
        return allowed(in: status)
    }

    /// Reads `Cpus_allowed`: a mask in hexadecimal digits, in groups.
    package static func allowed(in status: String) -> Int? {
        let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") }
        let bits = line?.dropFirst("Cpus_allowed:".count).compactMap { $0.hexDigitValue?.nonzeroBitCount }
        return bits.map { $0.reduce(0, +) }.flatMap { $0 > 0 ? $0 : nil }
    }
}
