import JSONWire
import ModelFormats
import Upstream

/// Remembers what it was told.
final class Receiver: AnswerReceiver {
  private(set) var payloads: [String] = []
  private(set) var text: [UInt8] = []
  private(set) var finishReason: String?
  private(set) var usage: Usage?
  private(set) var answers: [String] = []
  private(set) var outcomes: [AnswerOutcome] = []
  var whenReceived: () -> Void = {}
  var whenEnded: () -> Void = {}

  func received(_ event: ModelEvent, _ payload: Span<UInt8>) {
    payloads.append(copy(payload))
    event.text?.appendText(from: payload, to: &text)
    if let reason = event.finishReason { finishReason = reason.text(in: payload) }
    if let usage = event.usage { self.usage = usage }
    whenReceived()
  }

  func received(answer: Span<UInt8>) { answers.append(copy(answer)) }

  func ended(_ outcome: AnswerOutcome) {
    outcomes.append(outcome)
    whenEnded()
  }

  private func copy(_ bytes: Span<UInt8>) -> String {
    String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
  }

  /// The one end, in short: `complete`, or the fault's kind.
  var end: String? {
    guard outcomes.count == 1 else { return outcomes.isEmpty ? nil : "\(outcomes.count) ends" }
    switch outcomes[0] {
    case .complete: return "complete"
    case .failed(let fault): return "\(fault.kind)"
    }
  }

  var fault: UpstreamFault? {
    guard case .failed(let fault) = outcomes.first else { return nil }
    return fault
  }
}
