// How many connections this browser has left for viewers.
//
// Over HTTP/1.1 browsers open six to a host, for all tabs together, and let every further request
// wait, without a word, until one ends. Viewers that took them all would leave none for asking and
// stopping. So there they take one of three places, counted over tabs with locks; the rest is for
// the conversations' own readers and for requests. Over HTTP/2 and 3 there is no such bound.

const PLACES = 3

const [page] = performance.getEntriesByType("navigation")
const isBounded = !/^h[23]/.test(page?.nextHopProtocol)
let taken = 0

/** A place, or null when none is left. `release` resolves when another can have it. */
export async function takePlace() {
  if (!isBounded) return { async release() {} }
  if (!navigator.locks) {
    // Without TLS there are no locks: the tab counts alone.
    if (taken === PLACES) return null
    taken++
    return { async release() { taken-- } }
  }
  for (let place = 0; place < PLACES; place++) {
    const release = await tryLock("deltad viewer " + place)
    if (release) return { release }
  }
  return null
}

// What gives the lock back, or null while another has it.
function tryLock(name) {
  return new Promise(answer => {
    const released = navigator.locks.request(name, { ifAvailable: true }, lock =>
      lock ? new Promise(done => answer(() => { done(); return released })) : answer(null))
  })
}
