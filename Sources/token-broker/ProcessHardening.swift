import Broker
import CLinux
import Glibc

/// What is done before the first secret is read.
enum ProcessHardening {
    /// Throws ``OperatorError`` where the kernel does not do as it is asked.
    static func apply() throws {
        // Whatever is made, is for its owner.
        umask(0o077)
        // A core dump would hold every secret; so would the memory, for whoever runs as the same user.
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        guard setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) == 0, process_forbid_dumps() == 0,
            process_forbid_new_privileges() == 0
        else { throw OperatorError.system("the kernel does not keep others out of this process") }
        // The runtime's crash reports show registers and the memory behind them.
        for crash in [SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] { signal(crash, SIG_DFL) }
        // A client that goes away is an error of one write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
    }
}
