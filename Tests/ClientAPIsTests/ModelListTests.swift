import ClientAPIs
import Testing

@Suite struct ModelListTests {
  private let models = [
    ModelList.Model(id: "vendor/m", owner: "up"), ModelList.Model(id: "é\"", owner: "demo"),
  ]

  @Test func `models are listed in their order`() {
    #expect(
      text(ModelList.body(models, created: 1_700_000_000))
        == #"{"object":"list","data":[{"id":"vendor/m","object":"model","created":1700000000,"#
        + #""owned_by":"up"},{"id":"é\"","object":"model","created":1700000000,"#
        + #""owned_by":"demo"}]}"#)
  }

  @Test func `no models are an empty list`() {
    #expect(text(ModelList.body([], created: 0)) == #"{"object":"list","data":[]}"#)
  }

  @Test func `one model is its entry in the list`() {
    #expect(
      text(ModelList.body(models[1], created: 5))
        == #"{"id":"é\"","object":"model","created":5,"owned_by":"demo"}"#)
  }
}
