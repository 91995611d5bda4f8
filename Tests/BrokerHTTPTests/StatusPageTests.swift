import Broker
import Foundation
import NIOCore
import Testing

@testable import BrokerHTTP

struct StatusPageTests {
    @Test func `what is wrong is text on the page, whatever it says`() throws {
        let json = """
            {"time":"2027-01-15T08:00:00Z","project_count":0,"key_count":0,"client_count":0,"token_count":0,
             "refresh_due_count":0,"projects":[],"clients":[],"needs_operator":true,"problem_count":1,"over":[],"quarantined_keys":[],
             "budgets":[],"breakers":[],"next":"p","unfinished":[{"subject":"<b>","message":"<i>","action":"<u>"}],"problems":[{"subject":"<img src=x onerror=alert(1)>","state":"failing",
             "since":"2027-01-15T08:00:00Z","needs_operator":false,"message":"&lt;","effect":"</pre>","action":"<!--next-->"}]}
            """
        let status = try WireJSON.decode(StatusReport.Reply.self, from: Data(json.utf8))
        let page = String(buffer: StatusPage().response(status, search: "\"><b>").body)
        #expect(page.contains("&lt;img src=x onerror=alert(1)&gt;: failing"))
        #expect(page.contains("what: &amp;lt;") && page.contains("clients: &lt;/pre&gt;"))
        #expect(page.contains("to do: &lt;!--next--&gt;"))
        #expect(page.contains("unfinished &lt;b&gt;: &lt;i&gt;") && page.contains("to do: &lt;u&gt;"))
        #expect(page.contains("<a href=\"/?search=%22%3E%3Cb%3E&amp;after=p\">Next page</a>"))
    }
}
