import Broker
import Foundation
import NIOCore
import NIOHTTP1

extension WholeRequest {
    /// The parameters in the body, which is a form, or where that is allowed one flat JSON object.
    ///
    /// Throws ``RequestRefusal/notAForm`` on another media type, ``BrokerError/invalidRequest(_:)`` on what is no form.
    func form(orJSON: Bool = false) throws -> FormFields {
        // Which of several is meant is anybody's guess (RFC 9110 §5.3).
        guard head.headers["Content-Type"].count <= 1 else { throw RequestRefusal.notAForm }
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
        return try FormFields(body.readableBytesView)
    }

    /// In lower case, without parameters.
    private var mediaType: String? {
        head.headers.first(name: "Content-Type")?.prefix { $0 != ";" }.trimmed.lowercased()
    }
}

extension StringProtocol where SubSequence == Substring {
    /// Without the spaces and tabs around it (RFC 9110 §5.6.3).
    var trimmed: Substring {
        let isSpace = { (character: Character) in character == " " || character == "\t" }
        let text = drop(while: isSpace)
        return text.prefix(
            (text.lastIndex { !isSpace($0) }.map { text.distance(from: text.startIndex, to: $0) + 1 }) ?? 0)
    }
}
