import Broker
import NIOCore
import NIOHTTP1
import Testing

@testable import BrokerHTTP

struct ResponderTests {
    private let responder = Responder(
        routes: Routes(all: [
            .init(.GET, "/things/{thing}/part") { _, values in WholeResponse(body: ByteBuffer(string: "\(values)")) },
            .init(.POST, "/things", dialect: .oauth2) { _, _ in throw BrokerError.unauthorizedClient(.anyGrant) },
            .init(.GET, "/things") { _, _ in throw BrokerError.unauthorizedClient(.anyGrant) },
            .init(.GET, "/for/{proxy}/asks", dialect: .forwardAuthentication) { request, values in
                guard values == ["a"] else { throw BrokerError.invalidClient }
                return WholeResponse(body: ByteBuffer(string: "asked"))
            },
        ]),
        hosts: HostRule(on: .tcp(host: "127.0.0.1", port: 0), isSecured: false, allowed: []), hasPage: false,
        log: .silent
    )

    private func answer(_ method: HTTPMethod, _ uri: String, fields: HTTPHeaders = ["Host": "localhost"]) async
        -> WholeResponse
    {
        let head = HTTPRequestHead(version: .http1_1, method: method, uri: uri, headers: fields)
        return await responder.answer(
            WholeRequest(peer: Peer(.unknown), head: head, body: ByteBuffer(), bytes: ByteBuffer())
        )
    }

    @Test(arguments: ["/things/a%20b/part", "//things/a%20b/part", "/things/a%20b/part?x=/y"])
    func `a path's values are what came, and a second slash in front means nothing`(uri: String) async {
        let response = await answer(.GET, uri)
        #expect(response.head.status == .ok)
        #expect(String(buffer: response.body) == #"["a%20b"]"#)
    }

    @Test func `HEAD is answered as GET is, without the body`() async {
        let (head, get) = (await answer(.HEAD, "/things/a/part"), await answer(.GET, "/things/a/part"))
        #expect(head.head.headers.first(name: "Content-Length") == "\(get.body.readableBytes)")
        #expect(head.body.readableBytes == 0)
    }

    @Test(
        arguments: [
            "/", "/thing", "/things/a", "/things/a/part/b", "*", "/things/a/part/", "/things//a/part", "/things//part",
            "///things/a/part", "/things/./a/part", "/%74hings/a/part",
        ])
    func `another path is nothing`(uri: String) async {
        #expect(await answer(.GET, uri).head.status == .notFound)
    }

    @Test func `another method is told which there are`() async {
        let response = await answer(.PUT, "/things")
        #expect(response.head.status == .methodNotAllowed)
        #expect(response.head.headers.first(name: "Allow") == "POST, GET, HEAD")
    }

    @Test func `an error is told in the route's dialect`() async {
        #expect(await answer(.POST, "/things").head.status == .badRequest)
        #expect(await answer(.GET, "/things").head.status == .forbidden)
    }

    @Test(
        arguments: [
            (["Host": "a"], .misdirectedRequest), (["Host": "localhost", "Origin": "http://localhost"], .forbidden),
            (["Host": "localhost", "Sec-Fetch-Site": "none"], .forbidden),
        ] as [(HTTPHeaders, HTTPResponseStatus)])
    func `browsers, and who means another host, are refused on every path`(
        fields: HTTPHeaders, status: HTTPResponseStatus
    ) async {
        for uri in ["/things/a/part", "/nothing"] {
            #expect(await answer(.GET, uri, fields: fields).head.status == status)
        }
    }

    @Test(
        arguments: [
            (.GET, ""), (.POST, "/"), (.OPTIONS, "//x/%2F"), (.DELETE, "/../../../things"), (.PROPFIND, "/?a&a"),
        ] as [(HTTPMethod, String)]
    )
    func `forward authentication is for every method, every path below, and visitors' fields`(
        method: HTTPMethod, path: String
    ) async {
        let visitor: HTTPHeaders = ["Host": "www.example", "Origin": "http://b", "Sec-Fetch-Site": "cross-site"]
        #expect(await answer(method, "/for/a/asks" + path, fields: visitor).head.status == .ok)
        let refusal = await answer(method, "/for/b/asks" + path, fields: visitor).head
        #expect(refusal.status == .badGateway)
        #expect(!refusal.headers.contains(name: "WWW-Authenticate"))
    }

    @Test(arguments: ["/for/a/asksx", "/for/a", "/for//asks/x", "/x/for/a/asks"])
    func `forward authentication is for no other path`(uri: String) async {
        #expect(await answer(.GET, uri).head.status == .notFound)
    }

    @Test func `forward authentication is no tunnel`() async {
        #expect(await answer(.CONNECT, "/for/a/asks").head.status == .methodNotAllowed)
    }

    @Test func `nothing of an answer may be kept on the way`() async {
        for uri in ["/things/a/part", "/nothing"] {
            let fields = await answer(.GET, uri).head.headers
            #expect(fields.first(name: "Cache-Control") == "no-store" && fields.first(name: "Pragma") == "no-cache")
        }
    }
}
