import NIOCore

/// A token endpoint's answer as bytes, so that it can be wrong in every way.
enum RawAnswer {
    static func head(_ framing: String...) -> String {
        let lines = ["HTTP/1.1 200 OK", "Content-Type: application/json;charset=UTF-8"] + framing
        return lines.joined(separator: "\r\n") + "\r\n\r\n"
    }

    static func body(token: String) -> String {
        #"{"access_token":"\#(token)","expires_in":3599,"scope":"","token_type":"bearer"}"#
    }

    static func whole(token: String) -> String {
        let body = body(token: token)
        return head("Content-Length: \(body.utf8.count)") + body
    }

    /// A chunk of 64 KiB (RFC 9112 §7.1) that says nothing.
    static let chunk = ByteBuffer(string: "10000\r\n" + String(repeating: " ", count: 0x10000) + "\r\n")
}
