import ArgumentParser

/// The settings that every command takes: flags, which win over the environment, which wins over defaults.
struct Settings: ParsableArguments {
    @Option(
        help:
            "Where the database is. [TOKEN_BROKER_DATA_DIR] (default: ./data; for commands also /var/lib/token-broker)")
    var dataDir: String?

    @Option(help: "The master key. [TOKEN_BROKER_MASTER_KEY_FILE] (default: <data-dir>/master.key)")
    var masterKeyFile: String?

    @Option(
        help:
            "The next master key, where the key files are mounted. [TOKEN_BROKER_NEW_MASTER_KEY_FILE] (default: made beside the present one)"
    )
    var newMasterKeyFile: String?

    @Option(
        help:
            "Where clients connect; repeatable. [TOKEN_BROKER_LISTEN] (default: localhost:8787,unix:client.sock)"
    )
    var listen: [String] = []

    @Option(help: "Where probes and monitoring connect. [TOKEN_BROKER_OPS_LISTEN] (default: localhost:8788)")
    var opsListen: String?

    @Option(help: "Where the admin command connects. [TOKEN_BROKER_ADMIN_SOCKET] (default: <data-dir>/admin.sock)")
    var adminSocket: String?

    @Option(
        help:
            "Mints tokens for keys that name no other. [TOKEN_BROKER_TOKEN_ENDPOINT] (default: https://auth.sinch.com/oauth2/token)"
    )
    var tokenEndpoint: String?

    @Option(help: "PEM file of authorities to trust in place of the system's. [TOKEN_BROKER_UPSTREAM_CA_FILE]")
    var upstreamCaFile: String?

    @Option(help: "HTTP proxy to the token endpoint, http://host:port. [TOKEN_BROKER_UPSTREAM_PROXY] (default: none)")
    var upstreamProxy: String?

    @Option(
        help: "File with user:password for that proxy. [TOKEN_BROKER_UPSTREAM_PROXY_CREDENTIALS_FILE] (default: none)")
    var upstreamProxyCredentialsFile: String?

    @Option(help: "Requests per second to one token endpoint. [TOKEN_BROKER_MINT_RATE] (default: 5)")
    var mintRate: String?

    @Option(help: "Requests to one token endpoint at once. [TOKEN_BROKER_MINT_BURST] (default: 10)")
    var mintBurst: String?

    @Option(
        help:
            "PEM file with the certificate of the client listeners beyond loopback. [TOKEN_BROKER_TLS_CERTIFICATE_FILE]"
    )
    var tlsCertificateFile: String?

    @Option(help: "PEM file with the certificate's key. [TOKEN_BROKER_TLS_KEY_FILE]")
    var tlsKeyFile: String?

    @Option(help: "PEM file of authorities that issue client certificates. [TOKEN_BROKER_TLS_CLIENT_CA_FILE]")
    var tlsClientCAFile: String?

    @Flag(help: "Let clients connect from other machines without TLS. [TOKEN_BROKER_ALLOW_PLAINTEXT]")
    var allowPlaintext = false

    @Option(help: "Host names the listeners go by, comma-separated. [TOKEN_BROKER_ALLOWED_HOSTS]")
    var allowedHosts: String?

    @Option(
        help:
            "The https URL that clients know the broker by, behind a proxy. [TOKEN_BROKER_ISSUER_IDENTIFIER] (default: the host that a request names)"
    )
    var issuerIdentifier: String?

    @Option(
        help:
            "How long a stop goes on serving while the readiness check says that it is not. [TOKEN_BROKER_DRAIN_DELAY] (default: 0s)"
    )
    var drainDelay: String?

    @Option(help: "How long audit records are kept, such as 400d. [TOKEN_BROKER_AUDIT_RETENTION] (default: for ever)")
    var auditRetention: String?

    @Option(help: "trace, debug, info, notice, warning, error or critical. [TOKEN_BROKER_LOG_LEVEL] (default: info)")
    var logLevel: String?

    @Option(help: "json or text. [TOKEN_BROKER_LOG_FORMAT] (default: json, text on a terminal)")
    var logFormat: String?
}
