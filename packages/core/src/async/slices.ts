import { later } from '../time.js'

// Far below 50 ms, the longest that other work in the process should ever wait. All work of a turn of the event loop
// shares it: much work is a chain of pieces that are short, and that await what is there already.
const sliceMs = 8
// What a piece of work may take at once although others have used the turn up: a write that nobody awaits is begun before
// the response ends. All of them may take one more slice.
const leastMs = 1

// On Cloudflare a timer is lost with the request that has set it. What waited for that goes on after so long.
const lostMs = 100

// Taken at import, as `later` is.
const now = performance.now.bind(performance)

/** When the work of this turn of the event loop began, by `performance.now()`. */
let turnBegan: number | undefined

function beginTurn(): number {
  const began = now()
  turnBegan = began
  later(() => {
    if (turnBegan === began) turnBegan = undefined
  }, 0)
  return began
}

/** Whether something of this turn was done at a moment, as far as a timer has not said since that the turn is over. */
const isOfThisTurn = (at: number | undefined): at is number => at !== undefined && now() - at < lostMs

const endOfTurn = (): number => (isOfThisTurn(turnBegan) ? turnBegan : beginTurn()) + sliceMs

let waiting = 0
/** When somebody who waits looked first in this turn. */
let lookedAt: number | undefined

/** Resolves in a later turn that has time left: what thousands wait for at once is done by a few of them each turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!isOfThisTurn(lookedAt)) beginToLook()
      if (now() >= endOfTurn()) return void later(look, 0)
      waiting--
      resolve()
    }
    // Who comes back while others wait is behind them, or they would never have their turn.
    later(look, waiting++ === 0 ? 0 : 2)
  })
}

/** Those who wait have time of their own: what comes anew in each turn may use that turn up. */
function beginToLook(): void {
  lookedAt = now()
  // Due before the next look of all who wait on.
  later(() => {
    lookedAt = undefined
  }, 0)
  beginTurn()
}

/**
 * Runs work that yields between its steps, and lets the event loop continue every few milliseconds. What ends within
 * the first slice ends at once, without a promise.
 */
export function inSlices<T>(work: Iterator<void, T>): T | Promise<T> {
  const first = now() < endOfTurn() + sliceMs ? slice(work) : undefined
  return first === undefined ? remaining(work) : first.value
}

async function remaining<T>(work: Iterator<void, T>): Promise<T> {
  for (;;) {
    await nextTurn()
    const next = slice(work)
    if (next !== undefined) return next.value
  }
}

/** The end of the work; undefined when it goes on. */
function slice<T>(work: Iterator<void, T>): { readonly value: T } | undefined {
  const end = Math.max(endOfTurn(), now() + leastMs)
  do {
    const step = work.next()
    if (step.done === true) return step
  } while (now() < end)
  return undefined
}

/** What `make` makes of each item, in slices. */
export function mapInSlices<Item, Made>(
  items: readonly Item[],
  make: (item: Item, index: number) => Made,
): Made[] | Promise<Made[]> {
  // oxlint-disable-next-line require-yield
  return stepsInSlices(items, function* (item, index) {
    return make(item, index)
  })
}

/** As `mapInSlices`, for items that take steps each. */
export function stepsInSlices<Item, Made>(
  items: readonly Item[],
  making: (item: Item, index: number) => Generator<void, Made>,
): Made[] | Promise<Made[]> {
  return inSlices(
    (function* () {
      const made: Made[] = []
      for (const [index, item] of items.entries()) {
        made.push(yield* making(item, index))
        yield
      }
      return made
    })(),
  )
}

// Of thousands that one answer wakes, each asks before any has gone on: nobody knows yet what it takes them.
const mostAtOnce = 50
const settled = Promise.resolve()
let letGo = 0

/** For a loop that awaits what may be there already: lets the event loop go on after every few milliseconds of it. */
export function pause(): Promise<void> | undefined {
  if (letGo === mostAtOnce) return nextTurn()
  if (letGo++ === 0) void settled.then(forgetLetGo)
  return pauseAlone()
}

function forgetLetGo(): void {
  letGo = 0
}

/** As `pause`, for a loop that awaits nothing else, and this only if it is there. */
export function pauseAlone(): Promise<void> | undefined {
  return now() < endOfTurn() ? undefined : nextTurn()
}

/** Runs such work at once. */
export function atOnce<T>(work: Iterator<void, T>): T {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}
