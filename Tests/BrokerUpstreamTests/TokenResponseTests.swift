import Broker
import Foundation
import Testing

@testable import BrokerUpstream

struct TokenResponseTests {
    private func token(_ json: String) throws -> MintedToken {
        try TokenResponse.token(status: 200, retryAfter: nil, body: Data(json.utf8))
    }

    @Test(
        arguments: [
            (#""expires_in":3599"#, 3599), (#""expires_in":"3600""#, 3600), (#""expires_in":3599.5"#, 3599.5),
            (#""expires_in":null"#, nil), (#""x":1"#, nil), (#""expires_in":0"#, 0), (#""expires_in":-1"#, -1),
        ] as [(String, Double?)])
    func `a lifetime is read as a number, also out of a string`(field: String, expiresIn: Double?) throws {
        let token = try token(#"{"access_token":"t","token_type":"BeArEr",\#(field)}"#)
        #expect(token.expiresIn == expiresIn)
    }

    @Test(arguments: [
        "", "[]", "{", "{}", "null", #"{"access_token":"t"}"#, #"{"token_type":"bearer"}"#,
        #"{"access_token":"t","token_type":"mac"}"#, #"{"access_token":"t","token_type":1}"#,
        #"{"access_token":"","token_type":"bearer"}"#, #"{"access_token":"a b","token_type":"bearer"}"#,
        #"{"access_token":"a\r\nb","token_type":"bearer"}"#, #"{"access_token":"é","token_type":"bearer"}"#,
        #"{"access_token":1,"token_type":"bearer"}"#, #"{"access_token":"t","token_type":"bearer","expires_in":true}"#,
        #"{"access_token":"t","token_type":"bearer","expires_in":"soon"}"#,
        #"{"access_token":"\#(String(repeating: "a", count: 8193))","token_type":"bearer"}"#,
    ])
    func `anything else is garbled`(json: String) {
        let error = #expect(throws: MintFailure.self) { try token(json) }
        #expect(error?.outcome == "garbled")
    }

    @Test func `credentials are sent raw where nothing needs encoding, and percent-encoded where something does`() {
        #expect(
            BasicCredentials.header(id: "a-b", secret: Secret("c~._-d")) == "Basic "
                + Data("a-b:c~._-d".utf8).base64EncodedString())
        #expect(
            BasicCredentials.header(id: "a", secret: Secret("p%+:é")) == "Basic "
                + Data("a:p%25%2B%3A%C3%A9".utf8).base64EncodedString())
    }

    /// What made Foundation's own reader of dates end the process.
    private static let weekOfYear: [UInt8] = [
        0x57, 0x20, 0x32, 0xDC, 0xB1, 0x90, 0x89, 0xDF, 0xCF, 0xCD, 0x24, 0xCE, 0xC5, 0xCD, 0x20, 0x31,
    ]

    @Test(
        arguments: [
            ("2", Duration.seconds(2)), ("0", .zero), (" 7 ", .seconds(7)), ("1000000000", .seconds(300)), ("-1", nil),
            ("Sun, 06 Nov 1994 08:49:39 GMT", .seconds(2)), ("Sun, 06 Nov 1994 08:49:36 GMT", nil), ("soon", nil),
            ("Sun, 06 Foo 1994 08:49:39 GMT", nil), ("Sun, 06 Nov 1994 08:49:39 GMT!", nil),
            ("Sun, ٠٦ Nov 1994 08:49:39 GMT", nil), (String(decoding: weekOfYear, as: UTF8.self), nil),
            ("", nil), (nil, nil),
        ] as [(String?, Duration?)])
    func `Retry-After is honoured within reason`(field: String?, duration: Duration?) {
        #expect(RetryAfter.duration(field, now: Date(timeIntervalSince1970: 784_111_777)) == duration)
    }
}
