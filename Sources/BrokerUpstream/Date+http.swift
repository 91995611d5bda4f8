import Foundation

extension Date {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// An IMF-fixdate (RFC 9110 §5.6.7); `nil` where the text is none.
    ///
    /// Not by `DateFormatter`: there are texts at which that ends the process, and this one is another server's.
    init?(http text: String) {
        let format = /[A-Z][a-z]{2}, ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT/
        guard let (_, day, name, year, hour, minute, second) = text.wholeMatch(of: format)?.output,
            let month = Self.months.firstIndex(of: String(name))
        else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon) = ((Int32(year) ?? 0) - 1900, Int32(month))
        (parts.tm_mday, parts.tm_hour) = (Int32(day) ?? 0, Int32(hour) ?? 0)
        (parts.tm_min, parts.tm_sec) = (Int32(minute) ?? 0, Int32(second) ?? 0)
        self.init(timeIntervalSince1970: Double(timegm(&parts)))
    }
}
