import Broker
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

extension Request {
    /// The parameters in the body, which is a form, or where that is allowed one flat JSON object.
    ///
    /// Throws ``RequestRefusal/notAForm`` on another media type, ``BrokerError/invalidRequest(_:)`` on what is no form.
    func form(orJSON: Bool = false) async throws -> FormFields {
        let body = try await body.collect(upTo: .max)
        switch mediaType {
        case "application/x-www-form-urlencoded":
            break
        case "application/json" where orJSON:
            return try FormFields(json: Data(body.readableBytesView))
        case nil where body.readableBytes == 0:
            break
        default:
            throw RequestRefusal.notAForm
        }
        guard let text = String(validating: body.readableBytesView, as: UTF8.self) else {
            throw BrokerError.invalidRequest("the form is not UTF-8")
        }
        return try FormFields(text)
    }

    /// In lower case, without parameters.
    private var mediaType: String? {
        headers[.contentType]?.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
    }
}
