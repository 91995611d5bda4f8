import Broker
import Foundation
import NIOCore

/// A token as it is answered.
enum TokenAnswer {
    /// As OAuth2 clients get it (RFC 6749 §5.1): exactly these four, all of which Sinch's SDKs need.
    static func oauth2(_ handOut: HandOut) -> ByteBuffer {
        FlatJSON.object([
            ("access_token", .text(handOut.token.value.reveal())),
            ("expires_in", .number(handOut.expiresIn)),
            ("scope", .text(handOut.token.slot.scope.description)),
            ("token_type", .text("bearer")),
        ])
    }

    /// With what else is known of it, for those who asked with a GET.
    static func full(_ handOut: HandOut) -> ByteBuffer {
        let expiresAt = handOut.at.advanced(by: .seconds(handOut.expiresIn)).wall
        return FlatJSON.object(
            [("access_token", .text(handOut.token.value.reveal()))]
                + (handOut.isDegraded ? [("degraded", .bool(true))] : [])
                + [
                    ("expires_at", .text(expiresAt.formatted(.iso8601))),
                    ("expires_in", .number(handOut.expiresIn)),
                    ("project_id", .text(handOut.project.description)),
                    ("refresh_after", .number(handOut.refreshAfter)),
                    ("scope", .text(handOut.token.slot.scope.description)),
                    ("token_sha256", .text(handOut.token.digest.hex)),
                    ("token_type", .text("bearer")),
                ]
        )
    }

    /// The token and nothing else.
    static func text(_ handOut: HandOut) -> ByteBuffer {
        ByteBuffer(string: handOut.token.value.reveal())
    }
}
