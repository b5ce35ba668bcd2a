import ClientAPIs
import ModelFormats
import Testing

@Suite struct StreamsAnswersTests {
  private func snapshot(_ status: StreamSnapshot.Status) -> StreamSnapshot {
    StreamSnapshot(
      id: "strm_x", status: status, text: Array("a\"\n🌊".utf8), finishReason: nil, usage: nil,
      failure: nil, createdAt: "2026-05-05T10:06:43.615Z", lastEventID: 7, subscribers: 2)
  }

  @Test func `a stream under way`() {
    #expect(
      text(snapshot(.streaming).body)
        == #"{"id":"strm_x","status":"streaming","text":"a\"\n🌊","finishReason":null,"#
        + #""usage":null,"createdAt":"2026-05-05T10:06:43.615Z","lastEventId":7,"#
        + #""subscribers":2}"#)
  }

  @Test func `a stream that is done`() {
    var snapshot = snapshot(.done)
    snapshot.finishReason = "stop"
    snapshot.usage = Usage(promptTokens: 10, completionTokens: 20, totalTokens: 30)
    #expect(
      text(snapshot.body)
        == #"{"id":"strm_x","status":"done","text":"a\"\n🌊","finishReason":"stop","usage":"#
        + #"{"promptTokens":10,"completionTokens":20,"totalTokens":30},"#
        + #""createdAt":"2026-05-05T10:06:43.615Z","lastEventId":7,"subscribers":2}"#)
  }

  @Test func `a stream that failed says why`() {
    var snapshot = snapshot(.error)
    snapshot.failure = Failure(.upstreamTimeout, "too late")
    #expect(
      text(snapshot.body)
        == #"{"id":"strm_x","status":"error","text":"a\"\n🌊","finishReason":null,"usage":null,"#
        + #""error":{"code":"upstream_timeout","message":"too late","retryable":true},"#
        + #""createdAt":"2026-05-05T10:06:43.615Z","lastEventId":7,"subscribers":2}"#)
  }

  @Test func `text that is not UTF-8 is still JSON`() {
    var snapshot = snapshot(.cancelled)
    snapshot.text = [0x61, 0xFF, 0xC3, 0x62, 0x00]
    #expect(isJSON(snapshot.body))
    #expect(text(snapshot.body).contains(#""text":"a\ufffd\ufffdb\u0000""#))
  }

  @Test func `a stream that has been accepted`() {
    #expect(
      text(StreamSnapshot.accepted(id: "strm_x", createdAt: "2026-05-05T10:06:43.615Z"))
        == #"{"id":"strm_x","status":"streaming","createdAt":"2026-05-05T10:06:43.615Z","#
        + #""url":"/v1/streams/strm_x"}"#)
  }
}
