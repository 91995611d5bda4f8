import Crypto
import Foundation

/// An incremental hash of a set: adding or removing a member does not need the others.
///
/// The hash is the sum of the members' keyed hashes (MSet-Add-Hash in "Incremental Multiset Hash Functions and Their
/// Application to Memory Integrity Checking", Clarke et al., ASIACRYPT 2003). An attacker who knows sums can construct
/// other sets with the same sum, so a sum must be stored under a mask.
struct MultisetHash: Equatable, Sendable {
    /// Four sums of 64 bits, each without carry.
    private var sum = SIMD4<UInt64>()

    var isZero: Bool { sum == SIMD4() }

    static func += (left: inout MultisetHash, right: MultisetHash) { left.sum &+= right.sum }
    static func -= (left: inout MultisetHash, right: MultisetHash) { left.sum &-= right.sum }
}

extension MultisetHash {
    static let byteCount = 32

    /// - Parameter bytes: 32.
    init(bytes: some ContiguousBytes) {
        bytes.withUnsafeBytes { bytes in
            for lane in sum.indices {
                sum[lane] = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: lane * 8, as: UInt64.self))
            }
        }
    }

    var bytes: Data {
        sum.indices.reduce(into: Data()) { data, lane in
            withUnsafeBytes(of: sum[lane].bigEndian) { data.append(contentsOf: $0) }
        }
    }
}
