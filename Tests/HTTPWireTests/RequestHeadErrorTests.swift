import HTTPWire
import Testing

@Suite struct RequestHeadErrorTests {
  private static let other: [RequestHeadError: Int] = [
    .targetTooLong: 414, .expectation: 417, .headTooLong: 431, .tooManyFields: 431,
    .methodTooLong: 501, .methodUnsupported: 501, .transferCodingUnsupported: 501,
    .versionUnsupported: 505,
  ]

  @Test(arguments: RequestHeadError.allCases)
  func `what is not bad in itself has a status of its own, and all else is 400`(
    error: RequestHeadError
  ) {
    #expect(error.status == Self.other[error, default: 400])
  }

  @Test(arguments: RequestHeadError.allCases)
  func `every error is met by a vector, or by a limit`(error: RequestHeadError) {
    let limits: [RequestHeadError] = [.headTooLong, .targetTooLong, .tooManyFields]
    #expect(limits.contains(error) || RefusedHead.all.contains { $0.error == error })
  }

  @Test func `every error says something different`() {
    #expect(
      Set(RequestHeadError.allCases.map(\.description)).count == RequestHeadError.allCases.count)
  }
}
