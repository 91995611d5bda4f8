import BrokerTesting
import Futures
import Testing

@testable import TokenBrokerClient

struct TokenBrokerTests {
    @Test func `a token is fetched once, with the credentials, and used again`() async throws {
        try await StubBroker.with({ .token($0) }) { stub, broker in
            let token = try await broker.token(for: "a b")
            #expect(token.value == "token-1")
            #expect(try await broker.token(for: "a b") == token)
            #expect(stub.requests == ["GET /v1/projects/a%20b/token"])
            #expect(stub.authorizations == ["Basic YmlsbGluZzp0YnNfczNjcmV0"])
        }
    }

    @Test func `fifty who ask at once are one fetch`() async throws {
        let gate = Gate()
        try await StubBroker.with({
            await gate.pass()
            return .token($0)
        }) { stub, broker in
            try await withThrowingTaskGroup { group in
                for _ in 0..<50 { group.addTask { try await broker.token(for: "p").value } }
                try await until { stub.requests.count == 1 }
                await gate.open()
                for try await value in group { #expect(value == "token-1") }
            }
            #expect(stub.requests.count == 1)
        }
    }

    @Test func `who is cancelled does not wait, and the fetch goes on for the others`() async throws {
        let gate = Gate()
        try await StubBroker.with({
            await gate.pass()
            return .token($0)
        }) { stub, broker in
            let one = Task { try await broker.token(for: "p") }
            try await until { stub.requests.count == 1 }
            let other = Task { try await broker.token(for: "p") }
            one.cancel()
            await #expect(throws: CancellationError.self) { try await one.value }
            await gate.open()
            #expect(try await other.value.value == "token-1")
            #expect(stub.requests.count == 1)
        }
    }

    @Test func `a newer token is fetched while the old one is handed out`() async throws {
        let gate = Gate()
        try await StubBroker.with({
            if $0 == 2 { await gate.pass() }
            return .token($0, refreshAfter: 1)
        }) { stub, broker in
            #expect(try await broker.token(for: "p").value == "token-1")
            stub.advance(by: .seconds(1))
            #expect(try await broker.token(for: "p").value == "token-1")
            try await until { stub.requests.count == 2 }
            #expect(try await broker.token(for: "p").value == "token-1")
            await gate.open()
            while try await broker.token(for: "p").value != "token-2" { await Task.yield() }
        }
    }

    @Test func `while the broker fails, the token that is there is handed out, and the broker not asked all the time`()
        async throws
    {
        try await StubBroker.with({
            $0 == 1 ? .token(1, refreshAfter: 0) : .error(502, "server_error", retryable: false)
        }) { stub, broker in
            for second in 1...4 {
                for _ in 0..<10 {
                    let token = try await broker.token(for: "p")
                    #expect(token.value == "token-1")
                    for fetch in await broker.entries.values.compactMap(\.fetch) { _ = try? await fetch.value() }
                }
                #expect(stub.requests.count == second)
                stub.advance(by: .seconds(1))
            }
        }
    }

    @Test func `a token that may end on its way is not handed out`() async throws {
        try await StubBroker.with({ .token($0, expiresIn: 5, refreshAfter: 4) }) { stub, broker in
            _ = try await broker.token(for: "p")
            #expect(try await broker.token(for: "p").value == "token-2")
        }
    }

    @Test func `what may succeed is tried again, when the broker says`() async throws {
        try await StubBroker.with({
            $0 == 1
                ? .error(503, "temporarily_unavailable", retryable: true, retryAfter: 1) : .token($0)
        }) { stub, broker in
            let start = ContinuousClock.now
            let token = try await broker.token(for: "p")
            #expect(token.value == "token-2")
            #expect(ContinuousClock.now - start >= .seconds(1))
        }
    }

    @Test func `what cannot succeed is said at once`() async throws {
        try await StubBroker.with({ _ in .error(401, "invalid_client", retryable: false) }) { stub, broker in
            let error = try await #require(throws: TokenBrokerError.self) { try await broker.token(for: "p") }
            #expect(error.code == "invalid_client")
            #expect(error.description == "what to do")
            #expect(error.operatorAction == "replace_key")
            #expect(error.requestID == "r-1")
            #expect(!error.isRetryable)
            #expect(stub.requests.count == 1)
        }
    }

    @Test func `what is no token broker is said to be none`() async throws {
        try await StubBroker.with({ _ in .init(body: "<html>") }) { _, broker in
            let error = try await #require(throws: TokenBrokerError.self) { try await broker.token(for: "p") }
            #expect(error.description.contains("no token broker"))
        }
    }

    @Test(arguments: ["127.0.0.1:8787", "htp://127.0.0.1", "http://", "/run/client.sock", ""])
    func `an address where nobody can be is not waited at`(address: String) async throws {
        // A broker that is waited for is "unreachable" in the end.
        let error = try await #require(throws: TokenBrokerError.self) {
            try await TokenBroker(.url(address)).token(for: "p")
        }
        #expect(error.code == "unusable_address" && !error.isRetryable)
    }

    @Test func `a broker that is away is waited for, and then said to be away`() async throws {
        let start = ContinuousClock.now
        let (timeout, error) = try await withThrowingTaskGroup(of: (Duration, TokenBrokerError)?.self) { group in
            for timeout in [Duration.seconds(1), .seconds(60)] {
                let broker = TokenBroker(.unixSocket("/nowhere/client.sock"), timeout: timeout)
                group.addTask {
                    do {
                        _ = try await broker.token(for: "p")
                        return nil
                    } catch let error as TokenBrokerError {
                        return (timeout, error)
                    }
                }
            }
            defer { group.cancelAll() }
            return try #require(await group.next() ?? nil)
        }
        #expect(ContinuousClock.now - start > .milliseconds(500))
        #expect(timeout == .seconds(1), "with a minute it still waits")
        #expect(error.code == "unreachable")
        #expect(error.description.contains("/nowhere/client.sock"))
    }

    @Test func `neither token nor secret can be printed`() async throws {
        try await StubBroker.with({ .token($0) }) { _, broker in
            let credentials = BrokerCredentials(clientID: "billing", clientSecret: "tbs_s3cret")
            let token = try await broker.token(for: "p")
            var texts = ["\(token)", "\(credentials)", String(reflecting: token), String(reflecting: credentials)]
            var dumped = ""
            dump([token], to: &dumped)
            dump([credentials], to: &dumped)
            texts.append(dumped)
            for text in texts {
                #expect(!text.contains("token-1"), "\(text)")
                #expect(!text.contains("tbs_s3cret"), "\(text)")
            }
            #expect(token.description == "token 1111111111111111 of project p")
        }
    }

    @Test func `projects that nobody has do not fill the memory`() async throws {
        try await StubBroker.with({ _ in .error(403, "unauthorized_client", retryable: false) }) { _, broker in
            for number in 0..<20 { _ = try? await broker.token(for: "p-\(number)") }
            #expect(await broker.entries.count <= 1)
        }
    }
}
