/// What has been read of the event that the next blank line will dispatch. It is assigned anew
/// after every blank line, so that nothing of one event can leak into the next.
struct PendingEvent {
  enum Data {
    /// No `data` field so far: such an event is dropped.
    case absent
    /// One `data` field, whose value lies in the input being consumed.
    case inInput(Range<Int>)
    /// In the parser's buffer of held data, from this index to its end.
    case held(from: Int)
  }

  var data = Data.absent

  /// Whether there was any line but comments.
  var hasFields = false
}
