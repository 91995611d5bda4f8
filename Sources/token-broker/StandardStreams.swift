import Glibc

/// Standard input, output and error.
enum StandardStreams {
    /// Opens those that were closed when the process began, so that no other file gets their numbers: what is meant for
    /// people would be written into the database. What is then read or written fails, as with a closed one.
    static func occupy() {
        for (descriptor, wrongWay) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)]
        where fcntl(descriptor, F_GETFD) == -1 {
            // The lowest number that is free is this one: those below it are open by now.
            if open("/dev/null", wrongWay) != descriptor { exit(1) }
        }
    }
}
