extension OperatorError {
    init(_ failure: MintFailure) {
        switch failure {
        case .keyRefused:
            self.init(
                .refused, "\(failure)",
                hint: "check key ID and secret at Sinch; --no-verify registers a key without minting with it"
            )
        case .secretDamaged:
            self.init(
                .failed, "\(failure)",
                hint: "restore the database from a backup, or register the key anew: key remove, key add"
            )
        case .refused:
            self.init(.refused, "\(failure)", hint: "is the token endpoint right?")
        case .throttled, .unavailable, .garbled, .postponed, .budgetSpent:
            self.init(
                .unavailable, "\(failure)", hint: "try again; --no-verify registers a key without minting with it"
            )
        }
    }
}
