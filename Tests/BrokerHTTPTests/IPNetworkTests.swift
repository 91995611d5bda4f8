import Testing

@testable import BrokerHTTP

@Suite struct IPNetworkTests {
    @Test(arguments: [
        ("127.0.0.1", "127.200.3.4", true), ("127.0.0.1", "::ffff:127.0.0.9", true), ("127.0.0.1", "10.0.0.1", false),
        ("10.0.0.1", "10.0.0.2", false), ("10.0.0.1", "::ffff:10.0.0.1", true), ("::1", "127.0.0.1", true),
        ("2001:db8::1", "2001:db8::ffff:1:2:3", true), ("2001:db8::1", "2001:db8:0:1::1", false),
        ("2001:db8:12:3::1", "2001:db8:1:23::1", false),
    ])
    func `addresses of one network are one`(one: String, other: String, isSame: Bool) {
        #expect((IPNetwork.text(of: one) == IPNetwork.text(of: other)) == isSame)
    }
}
