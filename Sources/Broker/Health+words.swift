import Logging

/// What an operator is told of a trouble.
extension Health.Trouble {
    /// What is wrong.
    var message: String {
        switch self {
        case .failing: "mints fail"
        case .unavailable: "the authorization server keeps failing: one request at a time is sent until it works again"
        case .throttled: "the authorization server wants fewer requests"
        case .saturated: "the request budget is too small for the tokens that clients use"
        case .quarantined: "the key is in quarantine: it is not used for a while"
        case .degraded: "the project's tokens have less life left than promised"
        case .outOfTokens: "the project has no token that can be used"
        case .unwritable:
            "the database cannot be written: whoever had a token gets it, nothing is minted, changed or handed out anew"
        case .unproven: "the master key does not open the database any more"
        case .lost: "the master key is in no file: the broker has it in memory, and cannot start again without it"
        case .empty: "no access key is registered"
        case .expiring: "a certificate expires soon"
        case .expiringSoon: "a certificate is about to expire"
        case .expired: "a certificate has expired"
        }
    }

    /// What clients feel.
    var effect: String {
        switch self {
        case .failing: "Nothing while their token is good. Whoever needs a new one waits up to 8 s, or gets 503."
        case .unavailable:
            "Nothing while their token is good, which is handed out down to its last 10 s. Then they get 503."
        case .throttled: "Nothing while their token is good. Whoever needs a new one waits, or gets 429."
        case .saturated:
            "Nothing while their token is good. Clients that need a new token wait up to 8 s, then get 429."
        case .quarantined: "Nothing while the project has another enabled key. Without one they get 502."
        case .degraded: "Their token ends in less than five minutes; the next may not come."
        case .outOfTokens:
            "They get an error for every token of this project: 502 if its keys are refused, otherwise 503."
        case .unwritable: "Nothing if they had their token before. Clients that ask for the first time get 503."
        case .unproven: "They get what is open in memory, and nothing new."
        case .lost: "Nothing until the broker stops."
        case .empty: "They get no token of any project."
        case .expiring, .expiringSoon: "Nothing until the certificate expires. Then they cannot connect, or get 401."
        case .expired:
            "If it is the broker's certificate, they cannot connect. If it is an authority's, its clients get 401."
        }
    }

    /// What to do.
    var action: String {
        switch self {
        case .failing: "Nothing yet: it is tried again. If it stays, 'token-broker doctor' says what can be reached."
        case .unavailable:
            "See with 'token-broker doctor' whether the token endpoint can be reached from here. "
                + "Mints go on by themselves within 12 s of its recovery."
        case .throttled:
            "If it stays, something else asks from the same address: find it, or lower --mint-rate."
        case .saturated:
            "Raise --mint-rate as far as Sinch allows it; 'token-broker doctor' says what percentage of it the projects need. "
                + "If they need more than Sinch allows one address, see 'Capacity' in the documentation."
        case .quarantined:
            "If the key was deleted at Sinch, run 'token-broker key rotate' with a new key. If its secret was mistyped, run "
                + "'token-broker key set-secret'. 'token-broker key verify' asks Sinch at once."
        case .degraded, .outOfTokens:
            "Its key or the token endpoint does not work: mend that. 'token-broker key list --project' shows its keys."
        case .unwritable:
            "Make room on the file system that the reason names, or mend it. The broker sees it within 5 s."
        case .unproven: "Put the master key back that the database was sealed under, and start the broker again."
        case .lost:
            "Do not stop the broker. If you have a copy of the master key, put it back. If not, run 'token-broker master-key "
                + "rotate', which seals everything under a new one, keep a copy of that, and make a new backup."
        case .empty:
            "If the broker is new, register a key with 'token-broker key add'. If there were keys, its database is lost: stop "
                + "the broker, and mount the volume that it had, or restore a backup."
        case .expiring, .expiringSoon, .expired:
            "Renew the certificate, or remove an old authority from the file. The broker reads the file again within 10 s."
        }
    }

    /// Whether it may not pass by itself.
    var needsOperator: Bool {
        switch self {
        case .failing, .throttled, .degraded, .expiring: false
        case .unavailable, .saturated, .quarantined, .outOfTokens, .unwritable, .unproven, .lost, .empty, .expiringSoon,
            .expired:
            true
        }
    }

    /// A new broker is empty as well.
    var level: Logger.Level { needsOperator && self != .empty ? .error : .warning }
}
