/// Numbers of Unix users that are nobody's.
package enum UnixUser {
    /// What the kernel shows for every user that a namespace has no number for; whoever trusted it trusted everybody.
    package static let overflow: UInt32 = 65534
    /// What system calls take for "no change".
    static let none = UInt32.max

    /// Throws ``OperatorError`` where one of them is nobody's.
    static func check(_ users: some Collection<UInt32>) throws {
        for user in [none, overflow] where users.contains(user) {
            throw OperatorError(.invalid, "\(user) is the number of no Unix user in particular")
        }
    }
}
