import BrokerTesting
import Futures
import Testing

@testable import TokenBrokerClient

/// An API, and the broker whose tokens it takes or refuses, as one server.
struct RejectedTokenTests {
    @Test func `a dead token is reported, and the request sent again with another one`() async throws {
        try await StubBroker.with({
            switch $0 {
            case 1: .token(1)
            case 2: .init(status: 401, body: "dead")
            case 3: .outcome("replaced")
            case 4: .token(4)
            default: .init(body: "numbers")
            }
        }) { stub, broker in
            let status = try await stub.call(with: broker)
            #expect(status == 200)
            #expect(
                stub.requests == [
                    "GET /v1/projects/p/token", "GET /numbers", "POST /v1/projects/p/token/rejected",
                    "GET /v1/projects/p/token", "GET /numbers",
                ]
            )
            #expect(
                stub.authorizations.compactMap { $0 }.filter { $0.hasPrefix("Bearer") } == [
                    "Bearer token-1", "Bearer token-4",
                ])
        }
    }

    @Test func `where the broker does not believe it, the API's answer stands`() async throws {
        try await StubBroker.with({
            switch $0 {
            case 1: .token(1)
            case 3: .outcome("too_soon")
            default: .init(status: 401, body: "dead")
            }
        }) { stub, broker in
            let status = try await stub.call(with: broker)
            #expect(status == 401)
            #expect(stub.requests.count == 3)
        }
    }

    @Test func `where the broker fails, the API's answer stands`() async throws {
        try await StubBroker.with({
            switch $0 {
            case 1: .token(1)
            case 2: .init(status: 401, body: "dead")
            default: .error(502, "server_error", retryable: false)
            }
        }) { stub, broker in
            let status = try await stub.call(with: broker)
            #expect(status == 401)
        }
    }

    @Test func `it is sent again once and no more`() async throws {
        try await StubBroker.with({
            switch $0 {
            case 1, 4: .token($0)
            case 3: .outcome("replaced")
            default: .init(status: 401, body: "dead")
            }
        }) { stub, broker in
            let status = try await stub.call(with: broker)
            #expect(status == 401)
            #expect(stub.requests.count == 5)
        }
    }

    @Test func `many who find the same token dead report it once`() async throws {
        let gate = Gate()
        try await StubBroker.with({
            if $0 == 2 { await gate.pass() }
            return $0 == 2 ? .outcome("already_replaced") : .token($0)
        }) { stub, broker in
            let token = try await broker.token(for: "p")
            try await withThrowingTaskGroup { group in
                for _ in 0..<10 { group.addTask { try await broker.report(rejected: token) } }
                try await until { stub.requests.count == 2 }
                await gate.open()
                for try await isReplaced in group { #expect(isReplaced) }
            }
            // Who comes later finds another one there.
            let other = try await broker.token(for: "p")
            #expect(other.value == "token-3")
            let isReplaced = try await broker.report(rejected: token)
            #expect(isReplaced)
            #expect(stub.requests.count == 3)
        }
    }

    @Test func `a dead token that was being fetched once more is not taken for the new one`() async throws {
        let gate = Gate()
        try await StubBroker.with({
            switch $0 {
            case 1: return .token(1, refreshAfter: 0)
            case 2:
                await gate.pass()
                return .token(1)
            case 3: return .outcome("replaced")
            default: return .token($0)
            }
        }) { stub, broker in
            let token = try await broker.token(for: "p")
            stub.advance(by: .seconds(1))
            _ = try await broker.token(for: "p")
            try await until { stub.requests.count == 2 }
            let report = Task { try await broker.report(rejected: token) }
            while await broker.entries["p"]?.token != nil { await Task.yield() }
            await gate.open()
            _ = try await report.value
            #expect(try await broker.token(for: "p").value == "token-4")
        }
    }

    @Test func `a token that was fetched again is still the one that was refused`() async throws {
        try await StubBroker.with({ $0 == 3 ? .outcome("too_soon") : .token(1, refreshAfter: 0) }) { stub, broker in
            let token = try await broker.token(for: "p")
            stub.advance(by: .seconds(1))
            _ = try await broker.token(for: "p")
            for fetch in await broker.entries.values.compactMap(\.fetch) { _ = try await fetch.value() }
            let isReplaced = try await broker.report(rejected: token)
            #expect(!isReplaced)
            #expect(stub.requests.count == 3)
        }
    }
}
