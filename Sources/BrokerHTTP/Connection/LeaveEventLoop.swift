/// Continues on the cooperative thread pool, before work that may take long.
///
/// A request's task starts on the event loop (`Task.immediate`), which the runtime takes for the pool: calling a function
/// marked `@concurrent` does not change threads.
func leaveEventLoop() async {
    await Task.yield()
}
