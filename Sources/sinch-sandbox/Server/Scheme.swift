/// One of the sandbox's two listeners, by the scheme of its addresses.
enum Scheme: Hashable, Sendable {
    case http, https
}
