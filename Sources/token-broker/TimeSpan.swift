import ArgumentParser

/// A length of time as people write it: `90s`, `30m`, `24h`, `7d` or `0`.
struct TimeSpan: CustomStringConvertible {
    private static let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]

    let seconds: Int

    init(seconds: Int) {
        self.seconds = seconds
    }

    /// Throws ``ValidationError``.
    init(_ argument: String) throws {
        if argument == "0" {
            self.init(seconds: 0)
            return
        }
        guard let unit = argument.last.flatMap({ Self.units[$0] }), let count = Int(argument.dropLast()), count >= 0,
            count <= 1_000_000
        else { throw ValidationError("a length of time is such as 90s, 30m, 24h or 7d; or it is 0") }
        self.init(seconds: count * unit)
    }

    var description: String { "\(seconds / 3600)h" }
}
