/// The schema's migrations, in the order in which they are applied: `user_version` counts those that were.
package enum Migrations {
    /// Name and SQL text.
    package static let all: [(name: String, sql: [UInt8])] = [
        ("0001_create_registry", PackageResources._001_create_registry_sql),
        ("0002_add_last_uses", PackageResources._002_add_last_uses_sql),
        ("0003_add_certificate_names", PackageResources._003_add_certificate_names_sql),
        ("0004_index_terms", PackageResources._004_index_terms_sql),
        ("0005_mark_audit_ends", PackageResources._005_mark_audit_ends_sql),
        ("0006_authenticate_rows", PackageResources._006_authenticate_rows_sql),
        ("0007_bind_wal", PackageResources._007_bind_wal_sql),
        ("0008_add_client_uses", PackageResources._008_add_client_uses_sql),
        ("0009_index_backups", PackageResources._009_index_backups_sql),
    ]
}
