import Broker
import Glibc

/// What the system has to give every command.
enum ProcessRequirements {
    /// Threads and the allocator reserve far more address space than they use.
    private static let addressSpace: rlim_t = 1 << 30

    /// Without these the runtime ends the process, or waits for a thread that never starts.
    ///
    /// - Throws: ``OperatorError`` if something is missing.
    static func check() throws {
        // The runtime reads the arguments there.
        guard !CommandLine.arguments.isEmpty else {
            throw OperatorError(
                .unavailable, "cannot read /proc/self/cmdline", hint: "mount /proc: mount -t proc proc /proc"
            )
        }
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else {
            throw OperatorError.system("cannot read the limit of the address space")
        }
        guard limit.rlim_cur >= addressSpace else {
            throw OperatorError(
                .unavailable,
                "the address space is limited to \(limit.rlim_cur >> 20) MiB, and \(addressSpace >> 20) MiB are needed",
                hint: "remove the limit (ulimit -v, LimitAS=), and limit the memory instead (MemoryMax=, --memory)"
            )
        }
    }
}
