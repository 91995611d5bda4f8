/// Where the sandbox listens.
package struct Addresses: Codable, Sendable, Equatable {
    package let http: String
    package let https: String?
}
