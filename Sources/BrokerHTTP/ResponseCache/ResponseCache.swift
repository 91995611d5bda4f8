import CoreMetrics
import Synchronization

/// A listener's cached responses, by the requests that they answer.
///
/// Bounded in bytes: of two halves the newer one takes what comes, and when it is full the older one is forgotten. What
/// is asked for again moves to the newer one, so that only what nobody asks for goes.
final class ResponseCache: Sendable {
    private struct Half {
        var responses: [ResponseCacheKey: CachedResponse] = [:]
        var size = 0

        mutating func put(_ response: CachedResponse, for key: ResponseCacheKey) {
            size += response.size - (responses.updateValue(response, forKey: key)?.size ?? 0)
        }

        mutating func remove(_ key: ResponseCacheKey) -> CachedResponse? {
            let response = responses.removeValue(forKey: key)
            size -= response?.size ?? 0
            return response
        }

        mutating func removeInvalid() {
            responses = responses.filter(\.value.isValid)
            size = responses.values.reduce(0) { $0 + $1.size }
        }
    }

    private struct Slice {
        var newer = Half()
        var older = Half()

        mutating func put(_ response: CachedResponse, for key: ResponseCacheKey) {
            if newer.size + response.size > ResponseCache.half {
                older = newer
                newer = Half()
            }
            newer.put(response, for: key)
        }

        mutating func take(_ key: ResponseCacheKey) -> CachedResponse? {
            newer.remove(key) ?? older.remove(key)
        }
    }

    /// An object, so that the locks do not share a cache line.
    private final class LockedSlice: Sendable {
        /// Guards the responses to the requests whose keys begin alike.
        let slice = Mutex(Slice())
    }

    private static let slices = 16
    /// Of one slice, in bytes: 64 MiB in all, and half of that whatever is asked for when.
    private static let half = 2 << 20

    private let hits = ResponseCache.counter("hit")
    private let misses = ResponseCache.counter("miss")

    private let slices = (0..<ResponseCache.slices).map { _ in LockedSlice() }

    subscript(key: ResponseCacheKey) -> CachedResponse? {
        get {
            slice(of: key).slice.withLock { slice in
                if let response = slice.newer.responses[key] { return response }
                guard let response = slice.older.remove(key) else { return nil }
                slice.put(response, for: key)
                return response
            }
        }
        set {
            slice(of: key).slice.withLock { slice in
                _ = slice.take(key)
                if let newValue { slice.put(newValue, for: key) }
            }
        }
    }

    /// Forgets what cannot be sent any more: a token that nobody gets is nobody's business.
    func removeInvalid() {
        for slice in slices {
            slice.slice.withLock { slice in
                slice.newer.removeInvalid()
                slice.older.removeInvalid()
            }
        }
    }

    /// About how many bytes the responses take.
    var size: Int { slices.reduce(0) { $0 + $1.slice.withLock { $0.newer.size + $0.older.size } } }

    func countHit() { hits.increment() }

    func countMiss() { misses.increment() }

    private static func counter(_ outcome: String) -> Counter {
        Counter(
            label: "token_broker_response_cache_total", dimensions: [("outcome", outcome)],
            factory: MetricsSystem.factory
        )
    }

    private func slice(of key: ResponseCacheKey) -> LockedSlice {
        slices[Int(key.firstByte) % Self.slices]
    }
}
