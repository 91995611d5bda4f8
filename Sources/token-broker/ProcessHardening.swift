import Glibc

/// What is done before the first secret is read.
enum ProcessHardening {
    static func apply() {
        // Whatever is made, is for its owner.
        umask(0o077)
        // A core dump would hold every secret.
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        // The runtime's crash reports show registers and the memory behind them.
        for crash in [SIGILL, SIGTRAP, SIGSEGV, SIGABRT, SIGBUS, SIGFPE] { signal(crash, SIG_DFL) }
        // A client that goes away is an error of one write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
    }
}
