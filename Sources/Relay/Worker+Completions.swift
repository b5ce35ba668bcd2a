internal import Archive
internal import ClientAPIs
internal import Configuration
internal import Downstream
internal import EventLoop
internal import JSONWire
internal import StreamLog
internal import Upstream

extension Worker {
  /// `POST /v1/chat/completions`
  func complete(_ body: Span<UInt8>, _ connection: Connection, _ record: RequestRecord) {
    do {
      let request = try CompletionsRequest(body)
      let target = try target(request.model, record)
      let form: ReplyForm =
        request.streams ? .stream(.openAI, skipsUsage: !request.wantsUsage) : .whole
      let policy = configuration.settings.streams.whenUnread.completions
      let idempotency = try idempotency(record, body)
      if idempotency != nil || configuration.settings.archive.storesCompletions {
        return start(
          turn(
            request, target, body, request.streams, form, policy, idempotency, connection, record))
      }
      guard try takeGeneration(for: record) else {
        var waiting = turn(
          request, target, body, request.streams, form, policy, nil, connection, record)
        waiting.isStored = false
        return start(waiting)
      }
      let stream = makeStream(StreamID(owner: loop.index))
      generate(
        Composition(body: [], request: request, target: target, streams: request.streams),
        body, stream, policy: policy,
        Generation.Initiator(connection: connection, record: record, form: form),
        places: record.places, record)
    } catch {
      respond(connection, record, error)
    }
  }

  /// A completion that is stored, or only once made.
  func turn(
    _ request: CompletionsRequest, _ target: Target, _ body: Span<UInt8>, _ streams: Bool,
    _ form: ReplyForm?, _ policy: Settings.UnreadPolicy, _ idempotency: Idempotency?,
    _ connection: Connection, _ record: RequestRecord
  ) -> TurnRequest {
    var bytes: [UInt8] = []
    bytes.append(copying: body)
    var start = TurnStart(
      .none, streamID: StreamID(owner: loop.index).text, now: WallClock.milliseconds)
    start.idempotency = idempotency
    return TurnRequest(
      connection: connection, record: record, start: start, form: form, policy: policy,
      compose: { _, _ in
        Composition(body: bytes, request: request, target: target, streams: streams)
      })
  }

  /// Who answers for a model's name: a configured model, or an agent.
  func target(_ name: String, _ record: RequestRecord) throws(Failure) -> Target {
    record.model = name
    let agent = configuration.agents.agent(model: name)
    guard let model = model(agent?.model ?? name),
      agent != nil || !AgentDirectory.isModelName(name)
    else {
      throw Failure(.modelNotFound, "The model `\(name)` does not exist", parameter: "model")
    }
    record.upstream = model.upstream
    var target = Target(model: model, candidates: candidates(model))
    assert(!target.candidates.isEmpty, "the configuration was checked")
    if let agent {
      target.model.upstreamModel = model.upstreamModel ?? agent.model
      target.prompt = PromptTemplate.expand(agent.prompt, variables: "{}")
      target.parameters = agent.parameters
    }
    return target
  }

  /// The upstreams of a model in the order in which they are asked.
  private func candidates(_ model: Settings.Model) -> [Attempts.Candidate] {
    guard model.weights.isEmpty else { return drawnCandidates(model) }
    if let known = candidates[model.id] { return known }
    let found = drawnCandidates(model)
    candidates[model.id] = found
    return found
  }

  private func drawnCandidates(_ model: Settings.Model) -> [Attempts.Candidate] {
    var names = [model.upstream] + model.fallbacks
    if let first = drawn(model.weights) { names.swapAt(0, first) }
    return names.compactMap { name in
      guard let source = sources[name], let health = configuration.health[name] else { return nil }
      return Attempts.Candidate(
        name: name, source: source, health: health,
        continuation: configuration.continuations[name] ?? .off)
    }
  }

  /// A position, by its odds; nil without any.
  private func drawn(_ weights: [Int]) -> Int? {
    let total = weights.reduce(0, +)
    guard total > 0 else { return nil }
    var rest = Int.random(in: 0..<total)
    for (position, weight) in weights.enumerated() {
      rest -= weight
      if rest < 0 { return position }
    }
    return nil
  }

  /// Asks a model, with whoever asked as the stream's first reader.
  func generate(
    _ composition: Composition, _ body: Span<UInt8>, _ stream: Stream,
    policy: Settings.UnreadPolicy, _ initiator: Generation.Initiator?, keeper: Keeper? = nil,
    line: String? = nil, places: [PlaceHold], _ record: RequestRecord
  ) {
    record.streamID = stream.id
    if initiator != nil {
      record.reads = .first
      stream.readers = 1
    }
    let (request, target) = (composition.request, composition.target)
    // Kept for further attempts, where there can be any.
    let asking = target.asking(request, body, streams: composition.streams)
    let generation = Generation(
      stream: stream, model: request.model, requestID: record.requestID,
      api: record.api, keyName: record.keyName,
      attempts: Attempts(target.candidates), policy: policy, initiator: initiator, keeper: keeper,
      line: line,
      places: places,
      isContinuable: composition.streams && target.canContinue ? { asking.isContinuable } : nil,
      worker: self)
    began(generation)
    generation.begin()
    let kept =
      composition.streams && target.canContinue
      ? BudgetHold(asking.withUsage.count + asking.plain.count, of: shared.budget) : nil
    generation.start { [self, kept] generation, candidate, deadline, soFar in
      _ = kept
      switch candidate.source {
      case .provider(let provider, let asksUsage):
        var body = asksUsage ? asking.withUsage : asking.plain
        if !soFar.isEmpty, let manner = candidate.continuation.manner {
          body = ContinuationRequest.body(body.span, text: soFar, manner)
        }
        return Transfer(
          body, to: provider, on: driver, deadline: deadline, receiver: generation)
      case .demo(let pace, let stamps):
        return DemoModel(
          question: request.question, model: request.model,
          created: Int(stream.createdAt / 1_000_000_000), pace: pace, stamps: stamps,
          loop: loop, receiver: generation)
      }
    }
  }

  // MARK: Requests that may come twice

  /// What tells this request apart from others, when its client wants it answered once.
  func idempotency(
    _ record: RequestRecord, _ body: Span<UInt8>
  ) throws(Failure) -> Idempotency? {
    guard let key = record.idempotencyKey else { return nil }
    guard IdempotencyKey.isFit(key) else {
      throw Failure(
        .invalidRequest, "Idempotency-Key must be 1 to 255 visible ASCII characters")
    }
    return Idempotency(
      key: "\(record.owner) \(record.method) \(record.path) \(key)",
      fingerprint: RequestFingerprint.of(body))
  }
}
