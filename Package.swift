// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
    .treatAllWarnings(as: .error),  // SE-0480
]

/// Named by who builds where there is no git, as in a container's build.
let commit =
    Context.environment["TOKEN_BROKER_COMMIT"] ?? Context.gitInformation.map { String($0.currentCommit.prefix(7)) }
    ?? "unknown"

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metricsTestKit = Target.Dependency.product(name: "MetricsTestKit", package: "swift-metrics")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioFoundationCompat = Target.Dependency.product(name: "NIOFoundationCompat", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let swiftASN1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "token-broker",
    products: [
        .executable(name: "token-broker", targets: ["token-broker"]),
        .library(name: "TokenBrokerClient", targets: ["TokenBrokerClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-asn1.git", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.0"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    ],
    targets: [
        // What a broker is. Knows no technology.
        .target(name: "Broker", dependencies: ["Futures", coreMetrics, heap, logging], swiftSettings: settings),

        // An outcome that many wait for.
        .target(name: "Futures", swiftSettings: settings),

        // One adapter for each technology. Adapters do not know one another.
        .target(
            name: "BrokerSQLite",
            dependencies: ["Broker", "CLinux", "CSQLite", "Files", "Migrations", crypto, grdb, grdbSQLite],
            swiftSettings: settings
        ),
        .target(
            name: "BrokerUpstream",
            dependencies: [
                "Broker", asyncHTTPClient, nioCore, nioFoundationCompat, nioHTTP1, nioPosix, nioSSL,
            ],
            swiftSettings: settings
        ),
        .target(
            name: "BrokerHTTP",
            dependencies: [
                "Broker", "Futures", coreMetrics, crypto, hummingbirdCore, logging, nioCore, nioFoundationCompat,
                nioHTTP1, nioPosix, nioSSL, nioTLS, serviceLifecycle, swiftASN1, x509,
            ],
            resources: [.embedInCode("Client/openapi.json"), .embedInCode("Operations/status.html")],
            swiftSettings: settings
        ),

        .target(name: "BrokerPrometheus", dependencies: ["Broker", "CLinux", coreMetrics], swiftSettings: settings),

        // The schema, embedded in the program.
        .target(
            name: "Migrations",
            path: "migrations",
            sources: ["Migrations.swift"],
            resources: [
                .embedInCode("0001_create_registry.sql"), .embedInCode("0002_add_last_uses.sql"),
                .embedInCode("0003_add_certificate_names.sql"), .embedInCode("0004_index_terms.sql"),
                .embedInCode("0005_mark_audit_ends.sql"), .embedInCode("0006_authenticate_rows.sql"),
                .embedInCode("0007_bind_wal.sql"), .embedInCode("0008_add_client_uses.sql"),
                .embedInCode("0009_index_backups.sql"),
            ],
            swiftSettings: settings
        ),

        // Files as the kernel has them.
        .target(name: "Files", swiftSettings: settings),

        // What the machine grants a process.
        .target(name: "ProcessLimits", swiftSettings: settings),

        // What Swift cannot call.
        .target(name: "CLinux"),

        // What Swift cannot call of SQLite.
        .target(name: "CSQLite"),

        // A look at a YAML document before Yams reads it.
        .target(name: "CYAMLScan", dependencies: [yams]),

        .target(name: "CVersion", cSettings: [.define("TOKEN_BROKER_COMMIT", to: "\"\(commit)\"")]),

        // The program: reads the configuration, wires the adapters to the domain, runs.
        .executableTarget(
            name: "token-broker",
            dependencies: [
                "Broker", "BrokerSQLite", "BrokerUpstream", "BrokerHTTP", "BrokerPrometheus", "CLinux", "CVersion",
                "CYAMLScan", "Files", "ProcessLimits", "TokenBrokerClient", argumentParser, asyncHTTPClient,
                coreMetrics, crypto, logging, nioCore, nioFoundationCompat, nioHTTP1, nioPosix, serviceLifecycle,
                unixSignals, yams,
            ],
            swiftSettings: settings,
            // Nobody links with the program: a twentieth of it would be names for those who did.
            linkerSettings: [.unsafeFlags(["-Xlinker", "--no-export-dynamic"])]
        ),

        // For services in Swift that fetch tokens.
        .target(
            name: "TokenBrokerClient",
            dependencies: ["Futures", asyncHTTPClient, logging, nioCore, nioFoundationCompat, nioHTTP1],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "list-numbers", dependencies: ["TokenBrokerClient", asyncHTTPClient, nioCore, nioHTTP1],
            path: "Examples/swift", exclude: ["README.md"], swiftSettings: settings
        ),

        // A stand-in for auth.sinch.com and for one Sinch API: for the demo and the tests, never deployed.
        .executableTarget(
            name: "sinch-sandbox",
            dependencies: [
                "ProcessLimits", argumentParser, crypto, httpTypes, hummingbird, hummingbirdCore, hummingbirdTLS,
                logging,
                nioCore,
                nioHTTP1,
                nioSSL,
                serviceLifecycle, swiftASN1, unixSignals, x509,
            ],
            swiftSettings: settings
        ),

        // Fills a database, to see how the broker does with many keys. Never deployed.
        .executableTarget(
            name: "make-registry", dependencies: ["Broker", "BrokerSQLite", argumentParser],
            path: "Benchmarks/make-registry", swiftSettings: settings
        ),

        // Doubles, a clock that moves when told to, temporary folders.
        .target(
            name: "BrokerTesting", dependencies: ["Broker", logging], path: "Tests/BrokerTesting",
            swiftSettings: settings
        ),
        .systemLibrary(name: "CMalloc", path: "Tests/CMalloc"),
        .testTarget(
            name: "BrokerTests", dependencies: ["Broker", "BrokerTesting", "CMalloc"], swiftSettings: settings
        ),
        .testTarget(
            name: "BrokerSQLiteTests",
            dependencies: ["Broker", "BrokerSQLite", "BrokerTesting", "Migrations", crypto, grdb],
            exclude: ["Golden"], swiftSettings: settings
        ),
        .testTarget(
            name: "BrokerUpstreamTests",
            dependencies: ["Broker", "BrokerTesting", "BrokerUpstream", "sinch-sandbox", asyncHTTPClient, logging],
            swiftSettings: settings
        ),
        .testTarget(
            name: "BrokerHTTPTests",
            dependencies: [
                "Broker", "BrokerHTTP", "BrokerTesting", coreMetrics, metricsTestKit, nioCore, nioEmbedded, nioHTTP1,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "BrokerPrometheusTests", dependencies: ["Broker", "BrokerPrometheus", "BrokerTesting", coreMetrics],
            swiftSettings: settings
        ),
        .testTarget(
            name: "token-brokerTests",
            dependencies: [
                "Broker", "BrokerHTTP", "BrokerSQLite", "BrokerTesting", "ProcessLimits", "token-broker",
                argumentParser, logging,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "TokenBrokerClientTests",
            dependencies: [
                "BrokerTesting", "Futures", "TokenBrokerClient", asyncHTTPClient, httpTypes, hummingbird,
                hummingbirdCore, logging,
                nioCore, nioHTTP1,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SandboxTests", dependencies: ["Broker", "BrokerTesting", "sinch-sandbox"], swiftSettings: settings
        ),
    ]
)

// `make fuzz`: built with libFuzzer, which brings its own entry point.
if Context.environment["TOKEN_BROKER_FUZZING"] != nil {
    package.targets.append(
        .executableTarget(
            name: "Fuzzing",
            dependencies: [
                "Broker", "BrokerHTTP", "BrokerSQLite", "BrokerTesting", "BrokerUpstream", crypto, logging, nioCore,
                nioEmbedded, nioHTTP1,
            ],
            path: "Tests/Fuzzing", exclude: ["Corpus"], swiftSettings: settings,
            linkerSettings: [.unsafeFlags(["-use-ld=lld"])]
        )
    )
}
