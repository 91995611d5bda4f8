import Glibc

/// How many files and connections the process may have open.
package enum OpenFileLimit {
    /// Raises the limit to the most that is allowed: the usual one does not do for thousands of connections.
    ///
    /// - Returns: the limit as it is now.
    @discardableResult
    package static func raise() -> Int {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        getrlimit(resource, &limit)
        var raised = limit
        raised.rlim_cur = limit.rlim_max
        if setrlimit(resource, &raised) == 0 { limit = raised }
        return Int(clamping: limit.rlim_cur)
    }
}
