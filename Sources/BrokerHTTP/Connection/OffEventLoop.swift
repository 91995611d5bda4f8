/// Runs work that may take long on the cooperative thread pool.
///
/// A request's task starts on the event loop (`Task.immediate`), which the runtime takes for the pool. So a function
/// marked `@concurrent` stays there, and `Task.yield()` may. Only a new task is certain to begin on the pool.
func offEventLoop<Value: Sendable>(
    _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await Task(operation: work).value
}
