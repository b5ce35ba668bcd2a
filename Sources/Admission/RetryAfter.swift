/// How long a server asks to be left alone.
public enum RetryAfter {
  /// Longer than this, some three hundred years, is as long.
  private static let longest: UInt64 = 9_999_999_999

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
    guard let date = date(seconds, now: now) else { return nil }
    return date > now ? min(UInt64(date - now), longest) * 1_000_000_000 : 0
  }

  /// Digits, and perhaps a point and more digits.
  private static func decimal(_ text: String, nanosecondsPerUnit unit: UInt64) -> UInt64? {
    let parts = text.utf8.split(
      separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first.flatMap({ number($0) }) else { return nil }
    var nanoseconds = whole * unit
    if parts.count == 2 {
      guard number(parts[1]) != nil, let fraction = number(parts[1].prefix(9)) else { return nil }
      var scale = unit
      for _ in parts[1].prefix(9) { scale /= 10 }
      nanoseconds += fraction * scale
    }
    return nanoseconds
  }

  /// Of nothing but digits.
  private static func number(_ digits: Substring.UTF8View) -> UInt64? {
    guard !digits.isEmpty else { return nil }
    var value: UInt64 = 0
    for digit in digits {
      guard 0x30...0x39 ~= digit else { return nil }
      value = min(value * 10 + UInt64(digit - 0x30), longest)
    }
    return value
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// The three forms of RFC 9110, section 5.6.7, as seconds since 1970:
  /// `Sun, 06 Nov 1994 08:49:37 GMT`, the only one that is sent today,
  /// `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
  /// - Parameter now: For a year of two digits: it is not more than 50 years ahead.
  private static func date(_ text: String, now: Int) -> Int? {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    if words.count == 6, words[0].utf8.count == 4, words[0].hasSuffix(","), words[5] == "GMT",
      words[3].utf8.count == 4
    {
      return seconds(day: words[1], month: words[2], year: number(words[3].utf8), words[4])
    }
    if words.count == 4, words[0].hasSuffix("day,"), words[3] == "GMT" {
      let parts = words[1].split(separator: "-", omittingEmptySubsequences: false)
      guard parts.count == 3, parts[2].utf8.count == 2, let year = number(parts[2].utf8) else {
        return nil
      }
      return [2100, 2000, 1900].compactMap { century in
        seconds(day: parts[0], month: parts[1], year: century + year, words[2])
      }.first { $0 <= now + 50 * 31_556_952 }
    }
    let asctime = text.split(separator: " ")
    guard asctime.count == 5, asctime[0].utf8.count == 3, asctime[4].utf8.count == 4 else {
      return nil
    }
    return seconds(
      day: asctime[2], month: asctime[1], year: number(asctime[4].utf8), asctime[3])
  }

  private static func seconds(
    day: Substring, month: Substring, year: UInt64?, _ clock: Substring
  ) -> Int? {
    guard let month = months.firstIndex(of: String(month)), let day = number(day.utf8),
      let year, 1...31 ~= day, 1970...9999 ~= year
    else { return nil }
    let parts = clock.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 3, parts.allSatisfy({ $0.utf8.count == 2 }),
      let hour = number(parts[0].utf8), let minute = number(parts[1].utf8),
      let second = number(parts[2].utf8), hour < 24, minute < 60, second <= 60
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
