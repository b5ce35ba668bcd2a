internal import StreamLog

// What is held as long as something needs it: given back when the last of those who hold it lets
// go, whichever way that comes about.

/// A request's places among those of its client and its key: held by the request until it has been
/// answered, by its turn until that has begun, and by its generation until that has ended.
final class PlaceHold {
  private var slot: Rates.Slot?
  private let rates: Rates

  init(_ slot: Rates.Slot, of rates: Rates) {
    self.slot = slot
    self.rates = rates
  }

  deinit { letGo() }

  /// Before its answer goes out, so that the next request of the client finds the place free.
  func letGo() {
    if let slot { rates.release(slot) }
    slot = nil
  }
}

/// Bytes beside the logs that count as theirs: bodies of requests that wait, or that may be asked
/// once more.
final class BudgetHold {
  private let bytes: Int
  private let budget: LogBudget

  init(_ bytes: Int, of budget: LogBudget) {
    self.bytes = bytes
    self.budget = budget
    budget.add(bytes)
  }

  deinit { budget.add(-bytes) }
}
