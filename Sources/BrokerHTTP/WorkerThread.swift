import NIOPosix

/// A listener's own thread, for requests whose work grows with the registry.
///
/// Each listener has one. Its slow requests take turns with one another there, and with nothing else: neither the
/// event loops nor the cooperative thread pool, on which tokens are minted, run any of their work.
///
/// A task executor, because nothing less leaves the event loop for certain: a request's task begins on the event loop
/// (`Task.immediate`), which the runtime takes for the cooperative pool, so that a function marked `@concurrent` stays.
final class WorkerThread: TaskExecutor {
    private let thread = NIOThreadPool(numberOfThreads: 1)

    init() {
        thread.start()
    }

    deinit {
        thread.shutdownGracefully { _ in }
    }

    /// Runs work on the thread. Other requests' work runs in between whenever it waits.
    func run<Value: Sendable>(_ work: @Sendable () async throws -> Value) async rethrows -> Value {
        try await withTaskExecutorPreference(self, operation: work)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // The job keeps this object, so that the thread is not shut down before the job has run.
        thread.submit { _ in job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
