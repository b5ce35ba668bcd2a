import Testing

@testable import LoadGeneration

@Suite struct QuantityTests {
  @Test(arguments: [
    ("50ms", FigureUnit.time, 50e6), ("1.5s", .time, 1.5e9), ("2h", .time, 7.2e12),
    ("3", .time, 3e9), ("7us", .time, 7e3), ("8MB", .bytes, 8_388_608), ("12", .bytes, 12),
    ("0.25", .number, 0.25), ("-1", .number, -1),
  ])
  func `units are read`(text: String, unit: FigureUnit, value: Double) {
    #expect(Quantity.read(text, unit) == value)
  }

  @Test(arguments: ["", "ms", "5 ms", "5mss", "1e5s", "0x1", "..", "5MB"])
  func `what is no time is nil`(text: String) {
    #expect(Quantity.read(text, .time) == nil)
  }

  @Test(arguments: [
    (999.0, FigureUnit.time, "999 ns"), (1234, .time, "1.23 µs"), (99_900_000, .time, "99.9 ms"),
    (2e9, .time, "2 s"), (512, .bytes, "512 B"), (24_117_248, .bytes, "23 MB"),
    (0.126, .number, "0.13"), (123_456.7, .number, "123457"), (-2.5, .number, "-2.50"),
  ])
  func `numbers are shown with three digits that count`(
    value: Double, unit: FigureUnit, text: String
  ) {
    #expect(Quantity.show(value, unit) == text)
  }

  @Test func `decimals are rounded, and what is no number is zero`() {
    #expect(Quantity.fixed(1.005, 1) == "1.0")
    #expect(Quantity.fixed(0.0996, 3) == "0.100")
    #expect(Quantity.fixed(-0.0001, 2) == "0.00")
    #expect(Quantity.fixed(.nan, 2) == "0" && Quantity.fixed(.infinity, 0) == "0")
  }
}
