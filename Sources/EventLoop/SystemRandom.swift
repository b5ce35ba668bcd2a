internal import CLinux

/// The kernel's random source, several words a call.
public enum SystemRandom {
  /// Fit for secrets (getrandom(2)). Any thread.
  public static func words() -> [4 of UInt64] {
    var words = [4 of UInt64](repeating: 0)
    unsafe withUnsafeMutableBytes(of: &words) { bytes in
      unsafe clinux_random(bytes.baseAddress, bytes.count)
    }
    return words
  }
}
