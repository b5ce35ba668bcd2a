import Glibc

private final class ThreadBody {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// The stack of every thread: small, since there is one per connection.
private let stackBytes = 256 * 1024

/// Runs `body` on a new detached thread with a stack of 256 KiB.
///
/// Returns false if the system has no thread to give; `body` is then not run.
func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
  var attributes = pthread_attr_t()
  unsafe pthread_attr_init(&attributes)
  defer { unsafe pthread_attr_destroy(&attributes) }
  unsafe pthread_attr_setstacksize(&attributes, stackBytes)
  unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))

  var thread = pthread_t()
  let held = unsafe Unmanaged.passRetained(ThreadBody(body))
  let status = unsafe pthread_create(
    &thread, &attributes,
    { argument in
      // SAFETY: the argument is the reference retained above; it is taken over here, once.
      if let argument = unsafe argument {
        unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
      }
      return nil
    }, held.toOpaque())
  if status != 0 { unsafe held.release() }
  return status == 0
}
