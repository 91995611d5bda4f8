import Broker
import Glibc
import NIOCore

extension Error {
    /// Why a connection failed, as the system says it: NIO's own text names its functions.
    package var connectionReason: String {
        (self as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? reason
    }
}
