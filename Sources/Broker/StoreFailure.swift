/// What the disk, or the file on it, does not do for the store. Nothing was changed.
package struct StoreFailure: Error, Equatable, CustomStringConvertible {
    package enum Kind: Sendable {
        case full
        case readOnly
        case inputOutput
        case damaged
        /// Not the file any more that is at its path.
        case missing
    }

    package let kind: Kind
    package let file: String
    /// As the system says it.
    package let reason: String

    package init(_ kind: Kind, file: String, reason: String) {
        self.kind = kind
        self.file = file
        self.reason = reason
    }

    package var description: String {
        switch kind {
        case .full: "the disk with '\(file)' is full (\(reason))"
        case .readOnly: "'\(file)' cannot be written (\(reason))"
        case .inputOutput: "the disk with '\(file)' fails (\(reason))"
        case .damaged: "the database '\(file)' is damaged (\(reason))"
        case .missing: "'\(file)' is not the file that the broker has open (\(reason))"
        }
    }
}

extension OperatorError {
    package init(_ failure: StoreFailure) {
        let hint =
            switch failure.kind {
            case .full: "make room; nothing was changed, and a broker that runs goes on by itself"
            case .readOnly: "make the disk and the file writable; a broker that runs goes on by itself"
            case .inputOutput: "look after the disk; where it lost something, restore a backup"
            case .damaged: "restore a backup"
            case .missing:
                "nothing was changed; 'token-broker backup' saves what the broker has, as long as it runs: then stop it, and "
                    + "restore that"
            }
        self.init(.failed, "\(failure)", hint: hint)
    }
}
