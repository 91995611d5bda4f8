import Broker
import BrokerHTTP
import Foundation
import Testing

@testable import token_broker

struct BrokerChecksTests {
    @Test(arguments: [
        ("\"last_backup_at\":\"2027-01-15T07:00:00Z\",", Finding.Verdict.ok),
        ("\"last_backup_at\":\"2027-01-14T05:59:00Z\",", .warning), ("", .warning),
    ])
    func `a backup older than 26 hours is a warning, and a missing one as well`(
        _ member: String, _ verdict: Finding.Verdict
    ) throws {
        let json = """
            {"time":"2027-01-15T08:00:00Z",\(member)"project_count":0,"key_count":0,"client_count":0,"token_count":0,
             "refresh_due_count":0,"projects":[],"clients":[],"needs_operator":false,"problem_count":0,"problems":[],"over":[],
             "quarantined_keys":[],"budgets":[],"breakers":[],"unfinished":[]}
            """
        let status = try WireJSON.decode(StatusReport.Reply.self, from: Data(json.utf8))
        let finding = BrokerChecks(status: status, projects: []).findings.first { $0.check == "backup" }
        #expect(finding?.verdict == verdict)
    }
}
