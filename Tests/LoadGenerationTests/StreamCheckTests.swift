import Testing

@testable import LoadGeneration

@Suite struct StreamCheckTests {
  private func check(_ numbers: [UInt32], startsAtZero: Bool = true) -> StreamCheck {
    var check = StreamCheck(startsAtZero: startsAtZero)
    for number in numbers { check.takeNumber(number) }
    return check
  }

  @Test(arguments: [
    ([0, 1, 2, 3], 0, 0, 0), ([1, 2], 1, 0, 0), ([0, 2, 3], 1, 0, 0), ([0, 1, 1, 2], 0, 1, 0),
    ([0, 2, 1, 3], 0, 0, 1), ([2, 1, 0], 0, 0, 2), ([0, 3, 2, 2], 1, 1, 1),
    ([0, 1, 2, 0], 0, 1, 0), ([0, 200, 199, 199], 198, 1, 1), ([0, 64, 1], 62, 0, 1),
  ])
  func `loss, repetition and disorder are told apart`(
    numbers: [UInt32], lost: Int, duplicated: Int, disordered: Int
  ) {
    let check = check(numbers)
    #expect(check.lost == lost && check.duplicated == duplicated)
    #expect(check.disordered == disordered)
    #expect(check.isFaultless == (lost + duplicated + disordered == 0))
  }

  @Test func `who comes late begins with what he sees first`() {
    #expect(check([17, 18, 19], startsAtZero: false).isFaultless)
    #expect(check([17, 19], startsAtZero: false).lost == 1)
  }

  @Test(arguments: [UInt64](1...20))
  func `numbers dropped, repeated and swapped are counted`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var numbers: [UInt32] = []
    var (lost, duplicated) = (0, 0)
    for number: UInt32 in 0..<500 {
      // The last one stays: what is missing at the end shows in the number of events alone.
      if number < 499, Int.random(in: 0..<20, using: &random) == 0 {
        lost += 1
      } else {
        numbers.append(number)
        if Int.random(in: 0..<20, using: &random) == 0 {
          numbers.append(number)
          duplicated += 1
        }
      }
    }
    let found = check(numbers)
    #expect(found.lost == lost && found.duplicated == duplicated && found.disordered == 0)
  }

  @Test func `ids must grow where there are no stamps`() {
    var check = StreamCheck(startsAtZero: true)
    for id in ["1", "2", "5", "5", "4", "", "x7"] { check.takeID(Array(id.utf8)) }
    #expect(check.duplicated == 1 && check.disordered == 1 && check.lost == 0)
  }

  @Test func `the hash is that of the data, and of its order`() {
    func hash(_ texts: [String]) -> UInt64 {
      var check = StreamCheck(startsAtZero: true)
      for text in texts { check.addToHash(Array(text.utf8).span) }
      return check.hash
    }
    #expect(hash(["ab", "c"]) == hash(["ab", "c"]))
    #expect(hash(["a", "b"]) != hash(["b", "a"]))
    #expect(hash(["a"]) != hash(["a", "a"]))
  }
}
