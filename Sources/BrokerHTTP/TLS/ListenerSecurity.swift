/// What secures the connections of a listener.
enum ListenerSecurity {
    /// They stay on this machine, or somebody said that they may be plain.
    case none
    case tls
    /// With client certificates.
    case mutualTLS
}
