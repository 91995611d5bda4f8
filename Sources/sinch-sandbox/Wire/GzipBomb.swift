import Foundation
import NIOCore

/// 60 KB of gzip that are 59 MiB when decompressed: the token endpoint's answer, and spaces after it.
enum GzipBomb {
    /// One deflate block (RFC 1951): every zero in its middle is four times "258 spaces more".
    static var bytes: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeBytes(start)
        buffer.writeRepeatingByte(0, count: 60_000)
        buffer.writeBytes(end)
        return buffer
    }

    private static let start = decoded(
        """
        H4sIAAAAAAAC/+3LSwrCQBAE0KtIrzMrcREvE5IwShCdkMnCD97dkGv43qYouusT/TjmWru13PIjzrFnKpfUp+t7mtNQ7kM0kZ/ztOTaTdvP\
        8dS2TdSxzHkbbMd9062vvQ+5X/IS3wM=
        """
    )

    /// The block's end, the CRC-32 and the length.
    private static let end = decoded("8Hd+aCOjg1LXsAM=")

    private static func decoded(_ base64: String) -> [UInt8] {
        Data(base64Encoded: base64).map(Array.init) ?? []
    }
}
