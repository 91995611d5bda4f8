import Glibc

/// How many files and connections the process may have open.
enum OpenFileLimit {
    /// Raises the limit to the most that is allowed: the usual one does not do for thousands of connections.
    static func raise() {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(resource, &limit)
    }
}
