// How many connections this browser has left for what stays open.
//
// Over HTTP/1.1 browsers open six to a host, for all tabs together, and let every further request
// wait, without a word, until one ends. Streams that took them all would leave none for asking and
// stopping. So there they take one of four places, counted over tabs with locks; two connections
// are for requests. Over HTTP/2 and 3 there is no such bound.
//
// Who has the lock "deltad place n" has the place. A conversation's reader or a dashboard holds
// "deltad reader n" beside it, and takes the place from a viewer where no other is left: a viewer
// can show what its answer's reader gets.

const PLACES = 4

const [page] = performance.getEntriesByType("navigation")
const isBounded = !/^h[23]/.test(page?.nextHopProtocol)
let hasLocks = isBounded && Boolean(navigator.locks)
let taken = 0

/**
 * A viewer's place, or null when none is left. `release` resolves when another can have it;
 * `onLost`, to be set at once, is called when a reader has taken it.
 */
export async function takePlace() {
  if (!hasLocks) return takeUncounted()
  // From the other end than readers: they meet as late as can be.
  for (let number = PLACES - 1; number >= 0; number--) {
    const place = await tryLock("deltad place " + number)
    if (place) return place
    if (!hasLocks) return takeUncounted()
  }
  return null
}

/** The same for a reader or a dashboard: null only when others of their kind have all. */
export async function takeReadersPlace() {
  if (!hasLocks) return takeUncounted()
  for (let number = 0; number < PLACES; number++) {
    const right = await tryLock("deltad reader " + number)
    if (!hasLocks) return takeUncounted()
    if (!right) continue
    const place = await tryLock("deltad place " + number, { steal: true })
    return { release: () => Promise.all([place.release(), right.release()]) }
  }
  return null
}

// Without TLS there are no locks: the tab counts alone.
function takeUncounted() {
  if (!isBounded) return { async release() {} }
  if (taken === PLACES) return null
  taken++
  let isReleased = false
  return {
    async release() {
      if (!isReleased) taken--
      isReleased = true
    },
  }
}

// The lock as a place, or null while another has it.
function tryLock(name, options = { ifAvailable: true }) {
  return new Promise(answer => {
    const place = { onLost: null }
    const released = navigator.locks.request(name, options, lock => lock && new Promise(done => {
      place.release = () => { done(); return released }
      answer(place)
    })).then(() => answer(null), error => {
      if (place.release) return place.onLost?.()
      // Browsers that keep no cookies may refuse locks, too.
      hasLocks = error.name !== "SecurityError"
      answer(null)
    })
  })
}
