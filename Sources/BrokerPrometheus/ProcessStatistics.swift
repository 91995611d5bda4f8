package import Foundation
import Glibc

/// What the kernel knows of the process (proc_pid_stat(5)).
package struct ProcessStatistics: Sendable {
    private let start: Date

    package init(start: Date) {
        self.start = start
    }

    /// What cannot be read is left out.
    package var samples: [Sample] {
        var samples = [Sample("process_start_time_seconds", start.timeIntervalSince1970)]
        if let text = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8) {
            samples += Self.samples(stat: text)
        }
        if let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            samples.append(Sample("process_open_fds", Double(files.count)))
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            samples.append(Sample("process_max_fds", Double(limit.rlim_cur)))
        }
        return samples
    }

    /// Reads `stat`, whose second field is a name in parentheses that may have anything in it.
    static func samples(stat: String) -> [Sample] {
        guard let end = stat.lastIndex(of: ")") else { return [] }
        // The first of these is the third field.
        let fields = stat[end...].dropFirst().split(separator: " ").map { Double($0) ?? 0 }
        guard fields.count > 21 else { return [] }
        return [
            Sample("process_cpu_seconds_total", (fields[11] + fields[12]) / Double(sysconf(Int32(_SC_CLK_TCK)))),
            Sample("process_virtual_memory_bytes", fields[20]),
            Sample("process_resident_memory_bytes", fields[21] * Double(sysconf(Int32(_SC_PAGESIZE)))),
        ]
    }
}
