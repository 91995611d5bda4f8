import Dispatch
import Glibc

/// Lets a command clean up when a signal ends it.
///
/// SIGINT, SIGTERM and SIGHUP call `cleanUp` and then end the process, as they do without an interruption. A signal that is
/// ignored, as SIGHUP is under `nohup`, stays ignored.
final class Interruption {
    private let sources: [(number: CInt, source: any DispatchSourceSignal)]

    /// Watches for the signals until ``cancel()``.
    init(cleanUp: @escaping @Sendable () -> Void) {
        let queue = DispatchQueue(label: "interruption")
        // A signal that arrives before its source is registered is lost.
        let unregistered = DispatchGroup()
        let numbers = [SIGINT, SIGTERM, SIGHUP].filter { !Self.isIgnored($0) }
        sources = numbers.map { number in
            signal(number, SIG_IGN)
            unregistered.enter()
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                // A second signal ends the process even if the cleanup hangs.
                for number in numbers { signal(number, SIG_DFL) }
                cleanUp()
                kill(getpid(), number)
            }
            source.setRegistrationHandler { unregistered.leave() }
            source.resume()
            return (number, source)
        }
        unregistered.wait()
    }

    private static func isIgnored(_ number: CInt) -> Bool {
        var action = sigaction()
        // Swift cannot compare C functions. Both are pointers, which have the size of an Int.
        return sigaction(number, nil, &action) == 0
            && unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
                == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    func cancel() {
        for (number, source) in sources {
            source.cancel()
            signal(number, SIG_DFL)
        }
    }
}
