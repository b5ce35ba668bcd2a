/// First in, first out: each operation but `remove` takes constant time, over many of them.
struct FIFOQueue<Element> {
  /// From `head` on.
  private var elements: [Element] = []
  private var head = 0

  var count: Int { elements.count - head }
  var isEmpty: Bool { count == 0 }
  var first: Element? { isEmpty ? nil : elements[head] }

  mutating func append(_ element: Element) { elements.append(element) }

  mutating func popFirst() -> Element? {
    guard let element = first else { return nil }
    head += 1
    if head > 64, head * 2 > elements.count {
      elements.removeFirst(head)
      head = 0
    }
    return element
  }
}

extension FIFOQueue where Element: Equatable {
  /// False when it is not in the queue. Takes time for each element.
  mutating func remove(_ element: Element) -> Bool {
    guard let position = elements[head...].firstIndex(of: element) else { return false }
    elements.remove(at: position)
    return true
  }
}
