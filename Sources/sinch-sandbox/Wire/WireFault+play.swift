import NIOCore

extension WireFault {
    /// What is sent at most when there is no end to it.
    private static let endless = 1 << 30

    /// Does to the connection what the fault is, and returns when the connection is closed.
    func play(on wire: Wire) async {
        do {
            try await begin(on: wire)
        } catch {
            // The peer has gone, or the sandbox ends.
            wire.close()
        }
        await wire.closed()
    }

    private func begin(on wire: Wire) async throws {
        let body = RawAnswer.body(token: WireFault.brokenToken)
        let half = String(body.prefix(body.utf8.count / 2))
        let head = RawAnswer.head("Content-Length: \(body.utf8.count)")
        switch self {
        case .hangBeforeHead:
            break
        case .hangInBody:
            try await wire.send(head + half)
        case .dripHead:
            try await wire.drip(head + body)
        case .dripBody:
            try await wire.send(head)
            try await wire.drip(body)
        case .resetBeforeHead:
            try await wire.reset()
        case .resetInBody:
            try await wire.send(head + half)
            try await wire.reset()
        case .truncated:
            try await wire.send(head + half)
            try await wire.finish()
        case .lengthTooShort:
            try await wire.send(RawAnswer.head("Content-Length: \(body.utf8.count - 2)") + body)
        case .lengthTooLong:
            try await wire.send(RawAnswer.head("Content-Length: \(body.utf8.count + 1)") + body)
            try await wire.finish()
        case .endlessBody:
            try await wire.send(RawAnswer.head("Transfer-Encoding: chunked"))
            try await wire.send(RawAnswer.chunk, upTo: WireFault.endless)
        case .gzipBomb:
            let bomb = GzipBomb.bytes
            let framing = "Content-Length: \(bomb.readableBytes)"
            try await wire.send(RawAnswer.head("Content-Encoding: gzip", framing, "Connection: close"))
            try await wire.send(bomb)
            try await wire.finish()
        case .garbage:
            try await wire.send("220 sandbox.invalid ESMTP ready\r\n")
        case .secondAnswer:
            try await wire.send(
                [WireFault.firstToken, WireFault.secondToken].map { RawAnswer.whole(token: $0) }.joined()
            )
        }
    }
}
