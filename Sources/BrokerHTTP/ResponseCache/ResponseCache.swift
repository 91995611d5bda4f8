import Synchronization

/// A listener's cached responses, by the requests that they answer.
///
/// Bounded: of two halves the newer one takes what comes, and when it is full the older one is forgotten. What is asked
/// for again moves to the newer one, so that only what nobody asks for goes.
final class ResponseCache: Sendable {
    private struct Shard {
        var newer: [ResponseCacheKey: CachedResponse] = [:]
        var older: [ResponseCacheKey: CachedResponse] = [:]

        mutating func put(_ answer: CachedResponse, for request: ResponseCacheKey) {
            if newer.count >= ResponseCache.half {
                older = newer
                newer = [:]
            }
            newer[request] = answer
        }
    }

    /// Guards the answers to the requests whose digests begin alike.
    private final class Slice: Sendable {
        let shard = Mutex(Shard())
    }

    private static let slices = 16
    /// Of one slice: at most 32,768 answers in all.
    private static let half = 1024

    private let slices = (0..<ResponseCache.slices).map { _ in Slice() }

    subscript(request: ResponseCacheKey) -> CachedResponse? {
        get {
            slice(of: request).shard.withLock { shard in
                if let answer = shard.newer[request] { return answer }
                guard let answer = shard.older.removeValue(forKey: request) else { return nil }
                shard.put(answer, for: request)
                return answer
            }
        }
        set {
            slice(of: request).shard.withLock { shard in
                shard.older[request] = nil
                if let newValue { shard.put(newValue, for: request) } else { shard.newer[request] = nil }
            }
        }
    }

    private func slice(of request: ResponseCacheKey) -> Slice {
        slices[Int(request.firstByte) % Self.slices]
    }
}
