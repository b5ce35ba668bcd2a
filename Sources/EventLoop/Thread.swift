internal import CLinux
internal import Glibc

/// A thread of its own for each loop beside the first.
public enum LoopThread {
  /// A thread that runs; wait for its end once.
  public struct Joinable: Sendable {
    fileprivate let identifier: pthread_t

    public func join() {
      pthread_join(identifier, nil)
    }
  }

  private final class Body {
    let name: String
    let run: @Sendable () -> Void
    init(_ name: String, _ run: @escaping @Sendable () -> Void) {
      self.name = name
      self.run = run
    }
  }

  /// Starts `run` at once. The kernel keeps 15 bytes of `name`.
  public static func start(
    name: String, _ run: @escaping @Sendable () -> Void
  ) throws(SystemError) -> Joinable {
    var identifier = pthread_t()
    let body = unsafe Unmanaged.passRetained(Body(name, run)).toOpaque()
    let code = unsafe pthread_create(
      &identifier, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
        unsafe clinux_name_thread(body.name)
        body.run()
        return nil
      }, body)
    guard code == 0 else {
      unsafe Unmanaged<Body>.fromOpaque(body).release()
      throw SystemError("pthread_create", code)
    }
    return Joinable(identifier: identifier)
  }
}

/// Processors that this process may run on, at least 1.
public func processorCount() -> Int { max(Int(clinux_processors()), 1) }
