import AsyncHTTPClient
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// What is asked of a broker, over HTTP.
struct BrokerConnection: Sendable {
    private static let largestAnswer = 64 * 1024

    let address: BrokerAddress
    let credentials: BrokerCredentials?
    let httpClient: HTTPClient

    /// `GET /v1/projects/{project}/token`.
    func token(of project: String, timeout: Duration) async throws -> TokenAnswer {
        try await ask(.GET, "/v1/projects/\(project.percentEncoded)/token", timeout: timeout)
    }

    /// `POST /v1/projects/{project}/token/rejected`.
    func report(rejected token: AccessToken, timeout: Duration) async throws -> ReportAnswer {
        let path = "/v1/projects/\(token.project.percentEncoded)/token/rejected"
        return try await ask(.POST, path, form: "token_sha256=\(token.sha256)", timeout: timeout)
    }

    private func ask<Answer: Decodable>(
        _ method: HTTPMethod, _ path: String, form: String? = nil, timeout: Duration
    ) async throws -> Answer {
        guard address.isUsable else { throw TokenBrokerError.unusableAddress }
        var request = HTTPClientRequest(url: address.base + path)
        request.method = method
        if let host = address.host { request.headers.add(name: "Host", value: host) }
        if let credentials { request.headers.add(name: "Authorization", value: credentials.authorization) }
        if let form {
            request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
            request.body = .bytes(ByteBuffer(string: form))
        }
        let response: HTTPClientResponse
        let body: ByteBuffer
        do {
            response = try await httpClient.execute(request, timeout: TimeAmount(timeout))
            body = try await response.body.collect(upTo: Self.largestAnswer)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw TokenBrokerError(unreachable: address, because: error)
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        if response.status == .ok, let answer = try? decoder.decode(Answer.self, from: Data(buffer: body)) {
            return answer
        }
        throw TokenBrokerError(
            try? decoder.decode(ErrorAnswer.self, from: Data(buffer: body)), status: response.status.code,
            retryAfter: response.headers.first(name: "Retry-After").flatMap { Int($0) }
        )
    }
}

struct TokenAnswer: Decodable {
    let accessToken: String
    let expiresIn: Int
    let refreshAfter: Int
    let tokenSha256: String
}

struct ReportAnswer: Decodable {
    enum Outcome: String, Decodable {
        case replaced
        case alreadyReplaced = "already_replaced"
        case tooSoon = "too_soon"
    }

    let outcome: Outcome
}

struct ErrorAnswer: Decodable {
    let error: String
    let errorDescription: String?
    let retryable: Bool?
    let operatorAction: String?
    let requestId: String?
}

extension TokenBrokerError {
    fileprivate init(_ answer: ErrorAnswer?, status: UInt, retryAfter: Int?) {
        self.init(
            code: answer?.error ?? "server_error",
            description: answer?.errorDescription
                ?? "what answers there with status \(status) is no token broker: check its address",
            isRetryable: answer?.retryable ?? false, operatorAction: answer?.operatorAction,
            requestID: answer?.requestId, retryAfter: retryAfter.map { .seconds($0) }
        )
    }

    /// Does not repeat the address, which may have a password in it.
    fileprivate static let unusableAddress = TokenBrokerError(
        code: "unusable_address",
        description:
            "expected the URL of a token broker, without a user name or a password, such as http://127.0.0.1:8787",
        isRetryable: false, operatorAction: nil, requestID: nil, retryAfter: nil
    )

    fileprivate init(unreachable address: BrokerAddress, because error: any Error) {
        self.init(
            code: "unreachable",
            description: "the token broker does not answer at \(address.text): \(Self.reason(error))",
            isRetryable: true, operatorAction: nil, requestID: nil, retryAfter: nil
        )
    }

    private static func reason(_ error: any Error) -> String {
        (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
    }
}
