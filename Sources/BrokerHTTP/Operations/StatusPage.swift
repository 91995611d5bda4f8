import Broker
import Crypto
import Foundation
import NIOCore
import NIOHTTP1

/// The status page: one file, which asks for `status.json` again and again, and has the status as text for browsers
/// without scripts.
struct StatusPage: Sendable {
    private let html: String
    /// Nothing from elsewhere; of styles and scripts only those in the file.
    private let fields: HTTPHeaders

    init() {
        let html = String(decoding: PackageResources.status_html, as: UTF8.self)
        self.html = html
        let hash = { (tag: String) in
            Data(SHA256.hash(data: Data(Self.content(of: tag, in: html).utf8))).base64EncodedString()
        }
        fields = [
            "Content-Security-Policy": "default-src 'none'; style-src 'sha256-\(hash("style"))'; "
                + "script-src 'sha256-\(hash("script"))'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
                + "frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
        ]
    }

    /// - Parameter search: what was searched for.
    func response(_ status: StatusReport.Reply, search: String) -> WholeResponse {
        var next = ""
        if let after = status.next {
            var query = URLComponents()
            query.queryItems = [
                URLQueryItem(name: "search", value: search), URLQueryItem(name: "after", value: "\(after)"),
            ]
            next = "<a href=\"/?\(Self.escaped(query.percentEncodedQuery ?? ""))\">Next page</a>"
        }
        let page = html.replacing("<!--status-->", with: Self.escaped(status.text), maxReplacements: 1)
            .replacing("<!--next-->", with: next, maxReplacements: 1)
        return WholeResponse(type: "text/html; charset=utf-8", body: ByteBuffer(string: page), fields: fields)
    }

    private static func content(of tag: String, in html: String) -> Substring {
        guard let begin = html.range(of: "<\(tag)>"), let end = html.range(of: "</\(tag)>") else { return "" }
        return html[begin.upperBound..<end.lowerBound]
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
