extension [ProjectReport] {
    package var table: String {
        Table(
            headings: ["PROJECT", "TOKEN", "KEYS", "CLIENTS"],
            rows: map { project in
                [
                    project.projectID.description, project.token.text,
                    project.keys.map { "\($0.keyID) (\($0.quarantined ? "quarantined" : $0.state.rawValue))" }
                        .listed(separator: ", "),
                    project.clients.listed(separator: ", "),
                ]
            }
        ).text(empty: "no projects; register a key: token-broker key add --project PROJECT --key-id ID")
    }
}
