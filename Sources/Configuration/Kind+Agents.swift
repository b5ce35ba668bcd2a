internal import Admission

extension Kind<String> {
  /// What clients of the Chats API call an agent.
  static var agentID: Kind {
    let range = Settings.Bounds.agentID
    let bounds = "\(range.lowerBound) to \(range.upperBound) letters, digits, \"_\" or \"-\""
    var kind = text("an id of \(bounds)") { text in
      range ~= text.utf8.count && text.utf8.allSatisfy { isLetterOrDigit($0) || "_-".has($0) }
    }
    kind.bounds = bounds
    return kind
  }

  /// A part of a path that needs no escapes.
  static var slug: Kind {
    let range = Settings.Bounds.slug
    let bounds =
      "\(range.lowerBound) to \(range.upperBound) lower-case letters, digits or \"-\", "
      + "which is neither first nor last"
    var kind = text("a slug of \(bounds)") { text in
      range ~= text.utf8.count && !text.hasPrefix("-") && !text.hasSuffix("-")
        && text.utf8.allSatisfy { isLetterOrDigit($0) && !(0x41...0x5A ~= $0) || "-".has($0) }
    }
    kind.bounds = bounds
    return kind
  }

  static var agentName: Kind {
    let range = Settings.Bounds.agentName
    let bounds = "\(range.lowerBound) to \(range.upperBound) bytes in one line"
    var kind = text("a name of \(bounds)") { text in
      range ~= text.utf8.count && !text.unicodeScalars.contains { isControl($0) }
    }
    kind.bounds = bounds
    return kind
  }

  static var prompt: Kind {
    let most = SizeText.format(Settings.Bounds.prompt.upperBound)
    var kind = text("a text of at most \(most)") { Settings.Bounds.prompt ~= $0.utf8.count }
    kind.bounds = "at most \(most)"
    kind.write = { _ in nil }
    return kind
  }

  /// An address, or a block of them: `10.0.0.0/8`.
  static var addressBlock: Kind {
    text("an address such as \"10.0.0.1\", or a block such as \"10.0.0.0/8\"") { text in
      AddressBlock(text) != nil
    }
  }

  /// An origin as browsers send it (RFC 6454, section 6.2), or `*`.
  static var origin: Kind {
    text("an origin such as \"https://www.example.com\", or \"*\"") { text in
      text == "*" || isOrigin(text)
    }
  }

  private static func isOrigin(_ text: String) -> Bool {
    guard let scheme = ["http://", "https://"].first(where: text.hasPrefix) else { return false }
    let parts = text.dropFirst(scheme.count).split(
      separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let host = parts.first, !host.isEmpty, host.utf8.count <= 253,
      host.utf8.allSatisfy({
        isLetterOrDigit($0) && !(0x41...0x5A ~= $0) || "-.".has($0)
      })
    else { return false }
    guard parts.count == 2 else { return true }
    // Browsers leave a scheme's own port out.
    guard let port = UInt16(parts[1]), port > 0, String(port) == parts[1] else { return false }
    return port != (scheme == "http://" ? 80 : 443)
  }
}

private func isLetterOrDigit(_ byte: UInt8) -> Bool {
  switch byte {
  case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
  default: false
  }
}

private func isControl(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.properties.generalCategory {
  case .control, .lineSeparator, .paragraphSeparator, .surrogate: true
  default: false
  }
}

extension String {
  fileprivate func has(_ byte: UInt8) -> Bool { utf8.contains(byte) }
}
