import HTTPTypes

// Each name is a token as RFC 9110 §5.6.2 has it, so none of these is nil.
extension HTTPField.Name {
    static let envoyRateLimited = HTTPField.Name("x-envoy-ratelimited")!
    static let pragma = HTTPField.Name("Pragma")!
    /// In small letters as Envoy writes it: Sinch's Java SDK looks it up by exactly these.
    static let challenge = HTTPField.Name("www-authenticate")!
}
