// libcurl calls C functions; each of these unwraps its context and calls one method. All of them
// run inside `curl_multi_socket_action`, on the loop's thread.
//
// SAFETY: the context of a transfer is an object that its driver keeps until the handle has been
// removed; that of the multi handle is the driver itself, which removes the handle before it goes.

internal import CCurl

func curlWrote(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
  _ context: UnsafeMutableRawPointer?
) -> Int {
  guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
  let raw = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
  // The driver holds the transfer as long as libcurl has it: nothing is counted for each call.
  let taken = unsafe Unmanaged<Transfer>.fromOpaque(context)._withUnsafeGuaranteedRef {
    unsafe $0.received(Span<UInt8>(_unsafeBytes: raw))
  }
  return taken ? size * count : 0
}

/// A new socket is about to be connected.
func curlConnects(
  _ context: UnsafeMutableRawPointer?, _ socket: curl_socket_t, _ purpose: curlsocktype
) -> CInt {
  guard let context = unsafe context else { return CInt(CURL_SOCKOPT_ERROR) }
  unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().connects()
  return CInt(CURL_SOCKOPT_OK)
}

/// There is a connection, and the request is about to go out over it.
func curlConnected(
  _ context: UnsafeMutableRawPointer?, _: UnsafeMutablePointer<CChar>?,
  _: UnsafeMutablePointer<CChar>?, _: CInt, _: CInt
) -> CInt {
  guard let context = unsafe context else { return CURL_PREREQFUNC_ABORT }
  unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().connected()
  return CURL_PREREQFUNC_OK
}

func curlWatches(
  _ easy: UnsafeMutableRawPointer?, _ socket: curl_socket_t, _ action: CInt,
  _ context: UnsafeMutableRawPointer?, _ socketContext: UnsafeMutableRawPointer?
) -> CInt {
  guard let context = unsafe context else { return 0 }
  let driver = unsafe Unmanaged<TransferDriver>.fromOpaque(context).takeUnretainedValue()
  driver.watch(socket, action)
  return 0
}

func curlSetsTimer(
  _ multi: UnsafeMutableRawPointer?, _ milliseconds: Int, _ context: UnsafeMutableRawPointer?
) -> CInt {
  guard let context = unsafe context else { return 0 }
  let driver = unsafe Unmanaged<TransferDriver>.fromOpaque(context).takeUnretainedValue()
  driver.setTimer(milliseconds)
  return 0
}
