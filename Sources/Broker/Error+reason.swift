extension Error {
    /// Why something failed, for an operator.
    package var reason: String {
        switch self {
        case let error as OperatorError: error.message
        case is CancellationError: "it was stopped"
        default: "\(self)"
        }
    }
}
