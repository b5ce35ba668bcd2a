import Admission
import Testing

@Suite struct RetryAfterTests {
  private static let now = 784_111_777  // Sun, 06 Nov 1994 08:49:37 GMT
  private static let second: UInt64 = 1_000_000_000

  @Test(
    arguments: [
      (nil, nil, nil), (nil, "0", 0), (nil, "1", 1_000), (nil, "1.5", 1_500), (nil, "120", 120_000),
      ("250", nil, 250), ("250", "9", 250), ("0.5", "9", 0), ("x", "2", 2_000), ("", "", nil),
      (nil, "-1", nil), (nil, "1e3", nil), (nil, " 1", nil), (nil, ".5", nil), (nil, "1.", nil),
      (nil, "9999999999", 9_999_999_999_000),
      (nil, "99999999999999999999", 9_999_999_999_000),
      ("9999999999", nil, 9_999_999_999), (nil, "1.2345678901234567890", 1_234), (nil, "soon", nil),
      (nil, "Fri, 31 Dec 9999 23:59:59 GMT", 9_999_999_999_000),
      (nil, "Sunday, 06-Nov-94 08:49:47 GMT", 10_000), (nil, "Sun Nov  6 08:49:47 1994", 10_000),
      (nil, "Tuesday, 06-Nov-40 08:49:37 GMT", 1_451_692_800_000),
      (nil, "Tuesday, 06-Nov-60 08:49:37 GMT", nil), (nil, "Sun Nov 16 08:49:37 1994", 864_000_000),
      (nil, "Sun Nov  6 08:49:47 94", nil), (nil, "Sunday, 06-Nov-1994 08:49:47 GMT", nil),
      ("-5", nil, nil),
      (nil, "Sun, 06 Nov 1994 08:49:47 GMT", 10_000), (nil, "Sun, 06 Nov 1994 08:49:37 GMT", 0),
      (nil, "Sun, 06 Nov 1994 08:49:00 GMT", 0), (nil, "Mon, 07 Nov 1994 08:49:37 GMT", 86_400_000),
      (nil, "Sun, 06 Nov 1994 08:49:47 UTC", nil), (nil, "Sun, 6 Nov 1994 08:49:47", nil),
      (nil, "Sun, 06 Nov 1994 24:00:00 GMT", nil), (nil, "Sun, 06 Foo 1994 08:49:47 GMT", nil),
      (nil, "Sun, 00 Nov 1994 08:49:47 GMT", nil),
    ] as [(String?, String?, Int?)])
  func `a wait is a number, a fraction of one, or a date`(
    milliseconds: String?, seconds: String?, expected: Int?
  ) {
    let wait = RetryAfter.parse(milliseconds: milliseconds, seconds: seconds, now: Self.now)
    let rounded = wait.map { Int($0 / 1_000_000) }
    #expect(rounded == expected)
  }

  @Test(arguments: [
    ("Thu, 01 Jan 1970 00:00:01 GMT", 1), ("Tue, 29 Feb 2000 00:00:00 GMT", 951_782_400),
    ("Sat, 01 Mar 2025 12:00:00 GMT", 1_740_830_400),
    ("Fri, 31 Dec 1999 23:59:60 GMT", 946_684_800),
    ("Mon, 28 Feb 2101 00:00:00 GMT", 4_138_992_000),
  ])
  func `a date is the second that it names`(date: String, second: Int) {
    #expect(
      RetryAfter.parse(milliseconds: nil, seconds: date, now: 0) == UInt64(second) * Self.second)
  }
}
