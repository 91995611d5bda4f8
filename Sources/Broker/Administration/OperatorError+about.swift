extension OperatorError {
    /// What an operator is told of an error of the domain; `nil` of any other.
    init?(about error: any Error) {
        switch error {
        case let error as OperatorError: self = error
        case BrokerError.invalidRequest(let message): self.init(.invalid, message)
        case BrokerError.invalidScope:
            self.init(.invalid, "a scope has printable ASCII characters, no quotation marks and no backslashes")
        case let failure as StoreFailure: self.init(failure)
        case let failure as MintFailure: self.init(failure)
        default: return nil
        }
    }
}
