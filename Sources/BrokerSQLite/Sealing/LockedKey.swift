import Crypto
import Foundation
import Glibc

/// A key in a page of its own: never swapped out, where the process may lock memory at all, in no core dump, read-only,
/// and cleared when nobody needs it any more.
///
/// What it is used with is a copy that Crypto clears right after.
final class LockedKey: Sendable {
    /// A number, since the page is only read from now on, by whoever.
    let address: Int
    private let length: Int

    init(_ key: SymmetricKey) {
        length = key.bitCount / 8
        guard let page = mmap(nil, Self.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            page != MAP_FAILED
        else { fatalError("there is no memory left for a key") }
        // Where the limit (RLIMIT_MEMLOCK) is too low for a page, the key is as safe as the rest of the memory.
        mlock(page, Self.page)
        madvise(page, Self.page, MADV_DONTDUMP)
        key.withUnsafeBytes { UnsafeMutableRawBufferPointer(start: page, count: Self.page).copyMemory(from: $0) }
        mprotect(page, Self.page, PROT_READ)
        address = Int(bitPattern: page)
    }

    var key: SymmetricKey {
        SymmetricKey(data: UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: length))
    }

    deinit {
        guard let page = UnsafeMutableRawPointer(bitPattern: address) else { return }
        mprotect(page, Self.page, PROT_READ | PROT_WRITE)
        explicit_bzero(page, length)
        munmap(page, Self.page)
    }

    private static let page = Int(sysconf(CInt(_SC_PAGESIZE)))
}
