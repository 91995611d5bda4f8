import Broker
import Logging

@testable import BrokerHTTP

extension RequestLog {
    static var silent: RequestLog { RequestLog(of: .client, logger: .silent) }
}
