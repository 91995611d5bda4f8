import Broker
import Foundation
import NIOHTTP1
import Testing

@testable import BrokerHTTP

struct ErrorAnswerTests {
    private let id = RequestID()

    struct Row: Sendable, CustomTestStringConvertible {
        let error: any Error
        let status: Int
        let code: String
        var retryAfter: String?

        init(_ error: any Error, _ status: Int, _ code: String, retryAfter: String? = nil) {
            (self.error, self.status, self.code, self.retryAfter) = (error, status, code, retryAfter)
        }

        var testDescription: String { "\(error)" }
    }

    static let rows = [
        Row(BrokerError.invalidRequest("x"), 400, "invalid_request"),
        Row(BrokerError.unsupportedGrantType, 400, "unsupported_grant_type"),
        Row(BrokerError.invalidScope, 400, "invalid_scope"),
        Row(BrokerError.invalidClient, 401, "invalid_client"),
        Row(BrokerError.noCredentials(user: nil), 401, "invalid_client"),
        Row(BrokerError.unusableCredentials, 401, "invalid_client"),
        Row(BrokerError.unknownCertificate([]), 401, "invalid_client"),
        Row(BrokerError.certificateRefused(CertificateRefusal("it has expired")), 401, "invalid_client"),
        Row(BrokerError.unauthorizedClient(.anyGrant), 403, "unauthorized_client"),
        Row(BrokerError.authenticationThrottled, 429, "temporarily_unavailable", retryAfter: "5"),
        Row(BrokerError.mintThrottled(retryAfter: .zero), 429, "temporarily_unavailable", retryAfter: "1"),
        Row(BrokerError.mintThrottled(retryAfter: .seconds(60)), 429, "temporarily_unavailable", retryAfter: "5"),
        Row(BrokerError.mintUnavailable(retryAfter: .seconds(1.2)), 503, "temporarily_unavailable", retryAfter: "2"),
        Row(BrokerError.everyKeyRefused, 502, "server_error"),
        Row(BrokerError.noKey, 502, "server_error"),
        Row(BrokerError.everyKeyDisabled, 502, "server_error"),
        Row(RequestRefusal.malformed("x"), 400, "invalid_request"),
        Row(RequestRefusal.headTooLarge, 431, "invalid_request"),
        Row(RequestRefusal.bodyTooLarge(most: 16 << 10), 413, "invalid_request"),
        Row(RequestRefusal.notAForm, 415, "invalid_request"),
        Row(RequestRefusal.repeated("a\"b"), 400, "invalid_request"),
        Row(RequestRefusal.fromBrowser(field: "Origin"), 403, "invalid_request"),
        Row(RequestRefusal.wrongHost("\u{7F}\"\\é\n", isReachable: true), 421, "invalid_request"),
        Row(RequestRefusal.notFound(paths: ["/a", "/b/{c}"]), 404, "invalid_request"),
        Row(RequestRefusal.methodNotAllowed(allow: "POST"), 405, "invalid_request"),
        Row(RequestRefusal.tooManyConnections, 503, "temporarily_unavailable", retryAfter: "1"),
        Row(StoreFailure(.full, file: "a", reason: "b"), 503, "temporarily_unavailable", retryAfter: "5"),
        Row(CocoaError(.fileNoSuchFile), 500, "server_error"),
    ]

    @Test(arguments: rows)
    func `each error has its status, its code and its Retry-After`(row: Row) throws {
        let answer = ErrorAnswer(row.error, requestID: id)
        let body = try #require(try JSONSerialization.jsonObject(with: answer.body) as? [String: Any])
        #expect(answer.status.code == row.status)
        #expect(body["error"] as? String == row.code)
        #expect(body["request_id"] as? String == id.description)
        #expect(answer.fields.first(name: "Retry-After") == row.retryAfter)
        #expect(body["retryable"] as? Bool == (row.retryAfter != nil))
        // RFC 6749 §5.2 allows no quotation mark, no backslash and nothing beyond ASCII.
        let description = try #require(body["error_description"] as? String)
        #expect(description.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C })
    }

    @Test(arguments: [
        (BrokerError.everyKeyRefused, "replace_key"), (.noKey, "add_key"), (.everyKeyDisabled, "enable_key"),
    ])
    func `what only an operator can mend says what to do`(error: BrokerError, action: String) throws {
        let body = try JSONSerialization.jsonObject(with: ErrorAnswer(error, requestID: id).body) as? [String: Any]
        #expect(body?["operator_action"] as? String == action)
    }

    @Test(arguments: rows)
    func `a proxy that asks for a visitor gets 502, 503 or 500`(row: Row) {
        let answer = ErrorAnswer(row.error, dialect: .forwardAuthentication, requestID: id)
        let status = row.status == 429 ? 503 : row.status < 500 ? 502 : row.status
        #expect(Int(answer.status.code) == status)
        #expect(answer.fields.first(name: "Retry-After") == row.retryAfter)
        #expect(!answer.fields.contains(name: "WWW-Authenticate"))
    }

    @Test func `OAuth2 paths say 400 where others say 403`() {
        #expect(
            ErrorAnswer(BrokerError.unauthorizedClient(.anyGrant), dialect: .oauth2, requestID: id).status.code == 400)
    }

    @Test func `an unknown error says nothing but where to look`() throws {
        let body = String(decoding: ErrorAnswer(CocoaError(.fileNoSuchFile), requestID: id).body, as: UTF8.self)
        #expect(body.contains("under this request ID") && !body.contains("Cocoa"))
    }

    @Test func `the challenge and the allowed methods are where they belong`() {
        #expect(
            ErrorAnswer(BrokerError.invalidClient, requestID: id).fields.first(name: "WWW-Authenticate")
                == #"Basic realm="token-broker", charset="UTF-8""#
        )
        #expect(
            ErrorAnswer(RequestRefusal.methodNotAllowed(allow: "GET, HEAD"), requestID: id).fields.first(name: "Allow")
                == "GET, HEAD")
    }
}
