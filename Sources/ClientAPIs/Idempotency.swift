/// The field `Idempotency-Key`, by which a client says that a request may come twice and is to be
/// answered once.
public enum IdempotencyKey {
  private static let length = 1...255

  /// Visible ASCII.
  public static func isFit(_ key: String) -> Bool {
    length.contains(key.utf8.count) && key.utf8.allSatisfy { 0x21...0x7E ~= $0 }
  }
}

/// Tells bodies apart, also after a restart: 128 bits (FNV-1a, twice). It protects nothing: who can
/// present the key of a request may as well present its body.
public enum RequestFingerprint {
  private static let prime: UInt64 = 0x100_0000_01B3
  private static let offsets: [UInt64] = [0xCBF2_9CE4_8422_2325, 0x6C62_272E_07BB_0142]

  /// 32 hexadecimal digits.
  public static func of(_ bytes: Span<UInt8>) -> String {
    offsets.map { offset in
      var hash = offset
      for index in bytes.indices { hash = (hash ^ UInt64(bytes[index])) &* prime }
      let digits = String(hash, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}
