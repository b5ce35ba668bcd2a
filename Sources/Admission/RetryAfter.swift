/// How long a server asks to be left alone.
public enum RetryAfter {
  /// Nanoseconds from now; nil when neither field says anything of use. The finer one counts.
  ///
  /// - Parameters:
  ///   - milliseconds: The field `retry-after-ms`: a decimal number.
  ///   - seconds: The field `Retry-After` (RFC 9110, section 10.2.3): a number, here also with a
  ///     fraction, or an HTTP date.
  ///   - now: Seconds since 1970, for the date.
  public static func parse(milliseconds: String?, seconds: String?, now: Int) -> UInt64? {
    if let milliseconds, let value = decimal(milliseconds, nanosecondsPerUnit: 1_000_000) {
      return value
    }
    guard let seconds else { return nil }
    if let value = decimal(seconds, nanosecondsPerUnit: 1_000_000_000) { return value }
    guard let date = date(seconds) else { return nil }
    return date > now ? UInt64(date - now) * 1_000_000_000 : 0
  }

  /// Digits, and perhaps a point and more digits: at most nine of each, which is 30 years.
  private static func decimal(_ text: String, nanosecondsPerUnit unit: UInt64) -> UInt64? {
    let parts = text.utf8.split(
      separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first.flatMap({ number($0) }) else { return nil }
    var nanoseconds = whole * unit
    if parts.count == 2 {
      guard let fraction = number(parts[1]) else { return nil }
      var scale = unit
      for _ in parts[1].indices { scale /= 10 }
      nanoseconds += fraction * scale
    }
    return nanoseconds
  }

  private static func number(_ digits: Substring.UTF8View) -> UInt64? {
    guard 1...9 ~= digits.count else { return nil }
    var value: UInt64 = 0
    for digit in digits {
      guard 0x30...0x39 ~= digit else { return nil }
      value = value * 10 + UInt64(digit - 0x30)
    }
    return value
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7, the form that is sent today), as
  /// seconds since 1970.
  private static func date(_ text: String) -> Int? {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 6, words[0].utf8.count == 4, words[0].hasSuffix(","), words[5] == "GMT",
      let month = months.firstIndex(of: String(words[2])),
      let day = number(words[1].utf8), let year = number(words[3].utf8),
      1...31 ~= day, 1970...9999 ~= year
    else { return nil }
    let clock = words[4].split(separator: ":", omittingEmptySubsequences: false)
    guard clock.count == 3, clock.allSatisfy({ $0.utf8.count == 2 }),
      let hour = number(clock[0].utf8), let minute = number(clock[1].utf8),
      let second = number(clock[2].utf8), hour < 24, minute < 60, second <= 60
    else { return nil }
    let days = days(year: Int(year), month: month + 1, day: Int(day))
    return days * 86_400 + Int(hour) * 3600 + Int(minute) * 60 + Int(second)
  }

  /// Since 1 January 1970, in the Gregorian calendar: years begin in March, so that the leap day is
  /// the last.
  private static func days(year: Int, month: Int, day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}
