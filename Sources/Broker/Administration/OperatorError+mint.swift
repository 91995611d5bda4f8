extension OperatorError {
    init(_ failure: MintFailure) {
        switch failure {
        case .keyRefused:
            self.init(
                .refused, "\(failure)",
                hint: "compare the key ID and the secret with those at Sinch"
            )
        case .secretDamaged:
            self.init(
                .failed, "\(failure)",
                hint: "restore the database from a backup, or store the secret again: token-broker key set-secret"
            )
        case .refused:
            self.init(.refused, "\(failure)", hint: "is the token endpoint right?")
        case .throttled, .unavailable, .garbled, .postponed, .budgetSpent:
            self.init(.unavailable, "\(failure)", hint: "try again")
        case .unrecordable:
            self.init(.failed, "\(failure)", hint: "run 'token-broker status', which names the file and the reason")
        }
    }
}
