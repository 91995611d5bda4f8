extension MetricFamily {
    /// Every family there is, in the order in which they are written.
    package static let all: [MetricFamily] = broker + http + process

    private static let broker: [MetricFamily] = [
        MetricFamily(
            "token_broker_build_info", .gauge, by: ["version", "commit"], "Always 1; the labels say what runs."
        ),
        MetricFamily(
            "token_broker_ready", .gauge,
            "Whether /health/ready says 200: listeners bound, store written, master key proven, not draining."
        ),
        MetricFamily("token_broker_store_up", .gauge, "Whether the last write to the database worked."),
        MetricFamily(
            "token_broker_master_key_file_valid", .gauge,
            "Whether the master key file holds the key that the broker uses."),
        MetricFamily(
            "token_broker_data_directory_free_bytes", .gauge, "What the data directory's file system has left."),
        MetricFamily(
            "token_broker_certificate_expiry_timestamp_seconds", .gauge, by: ["file"],
            "When the certificate of a TLS file that must be renewed first expires, since 1970: server or client_authorities."
        ),
        MetricFamily(
            "token_broker_certificate_lifetime_seconds", .gauge, by: ["file"],
            "The whole lifetime of that certificate: of a short one, a quarter is time enough to renew it."
        ),
        MetricFamily(
            "token_broker_last_backup_timestamp_seconds", .gauge,
            "When the last backup was complete, since 1970; no series if the audit log has no record of one."
        ),
        MetricFamily("token_broker_projects", .gauge, "Projects that have an access key."),
        MetricFamily("token_broker_keys", .gauge, "Access keys."),
        MetricFamily("token_broker_clients", .gauge, "Clients."),
        MetricFamily("token_broker_tokens", .gauge, "Tokens that are held and not expired."),
        MetricFamily(
            "token_broker_token_refreshes_due", .gauge,
            "Tokens that somebody fetches, whose refresh is due and has not begun."
        ),
        MetricFamily(
            "token_broker_token_expires_in_seconds", .gauge, by: ["project"],
            "What is left of the token that the project's next client gets; no series where there is no token."
        ),
        MetricFamily(
            "token_broker_mints_total", .counter, by: ["project", "outcome"],
            "Mints that ended: minted, or why not. A mint is up to three requests to the token endpoint."
        ),
        MetricFamily(
            "token_broker_mint_consecutive_failures", .gauge, by: ["project"],
            "Mints that failed since the last that worked."
        ),
        MetricFamily(
            "token_broker_mint_duration_seconds", .histogram(bounds: MetricFamily.bounds.filter { $0 >= 0.01 }),
            "How long one request to a token endpoint took, whatever came of it."
        ),
        MetricFamily("token_broker_mint_waiters", .gauge, "Callers that wait for a mint."),
        MetricFamily(
            "token_broker_mint_budget_remaining", .gauge, by: ["endpoint"],
            "Requests that the token endpoint may be sent now."
        ),
        MetricFamily(
            "token_broker_mint_budget_saturated", .gauge, by: ["endpoint"],
            "1 while the request budget is too small for the tokens that clients use."
        ),
        MetricFamily(
            "token_broker_endpoint_up", .gauge, by: ["endpoint"],
            "Whether the last request to the token endpoint worked."
        ),
        MetricFamily(
            "token_broker_key_quarantined", .gauge, by: ["project", "key_id"],
            "Whether the access key is not used for a while, because it is refused or cannot be opened."
        ),
        MetricFamily(
            "token_broker_handouts_total", .counter, by: ["outcome"],
            "Requests for a token: handed_out, degraded (with less life than promised), or why there was none."
        ),
        MetricFamily(
            "token_broker_response_cache_total", .counter, by: ["outcome"],
            "Requests that were answered from the response cache (hit), or could have been but were not (miss)."
        ),
        MetricFamily(
            "token_broker_rejected_reports_total", .counter, by: ["project", "outcome"],
            "Reports that Sinch rejected a token: replaced, already_replaced or too_soon."
        ),
        MetricFamily(
            "token_broker_log_lines_dropped_total", .counter, "Log lines that were dropped because nobody read them."
        ),
    ]

    private static let http: [MetricFamily] = [
        MetricFamily("token_broker_connections", .gauge, by: ["listener"], "Connections that are open."),
        MetricFamily(
            "token_broker_connections_evicted_total", .counter, by: ["listener"],
            "Idle connections without an authenticated client that were closed to make room for new ones."
        ),
        MetricFamily(
            "token_broker_http_request_duration_seconds", .histogram(bounds: MetricFamily.bounds),
            by: ["route", "status"],
            "From a request's last byte to its answer, by route and status."
        ),
    ]

    private static let process: [MetricFamily] = [
        MetricFamily("process_cpu_seconds_total", .counter, "Processor time, user and system."),
        MetricFamily("process_open_fds", .gauge, "Files that are open."),
        MetricFamily("process_max_fds", .gauge, "Files that may be open."),
        MetricFamily("process_virtual_memory_bytes", .gauge, "Virtual memory."),
        MetricFamily("process_resident_memory_bytes", .gauge, "Resident memory."),
        MetricFamily("process_start_time_seconds", .gauge, "When the process started, since 1970."),
    ]

    /// From what a cached response takes to the longest that anybody waits.
    private static let bounds: [Double] = [
        0.000_01, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
}
