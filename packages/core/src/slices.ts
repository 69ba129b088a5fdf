import { later } from './time.js'

// Far below 50 ms, the longest that other work in the process should ever wait. All work of a turn of the event loop
// shares it: much work is a chain of pieces that are short, and that await what is there already.
const sliceMs = 8
// What a piece of work may take although others have used the turn up, so that it comes to its end.
const leastMs = 1

// Taken at import, as `later` is.
const now = performance.now.bind(performance)

/** When the work of this turn of the event loop began, by `performance.now()`. */
let turnBegan: number | undefined

function endOfTurn(): number {
  if (turnBegan === undefined) {
    turnBegan = now()
    later(() => {
      turnBegan = undefined
    }, 0)
  }
  return turnBegan + sliceMs
}

// Those who wait for a turn that has time left, the first of them first, and the timers that let one go on each. So many
// timers fill a turn with the shortest of work; one for each who waits would take longer than the work itself.
const waiting = new Set<() => void>()
const mostLooks = 100
let looks = 0

/** Resolves in a later turn that has time left: what thousands wait for at once is done by a few of them each turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.add(resolve)
    lookSoon()
  })
}

function lookSoon(): void {
  if (looks >= Math.min(waiting.size, mostLooks)) return
  looks++
  later(look, 0)
}

function look(): void {
  looks--
  const [next] = now() < endOfTurn() ? waiting : []
  if (next !== undefined) {
    waiting.delete(next)
    next()
  }
  lookSoon()
}

/**
 * Runs work that yields between its steps, and lets the event loop continue every few milliseconds. What ends within
 * the first slice ends at once, without a promise, unless the callers of this turn have begun too much already.
 */
export function inSlices<T>(work: Iterator<void, T>): T | Promise<T> {
  // The least that each may take adds up, too.
  if (now() >= endOfTurn() + sliceMs) return remaining(work)
  const first = slice(work)
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
  if (items.length === 0) return []
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

// Nobody knows yet what those take who have just been let go on, which thousands may ask for in one go.
const mostLetGo = 50
const settled = Promise.resolve()
let letGo = 0

/** For a loop that awaits what is there already: lets the event loop go on after every few milliseconds of it. */
export function pause(): Promise<void> | undefined {
  if (letGo === mostLetGo || now() >= endOfTurn()) return nextTurn()
  if (letGo++ === 0) void settled.then(forgetLetGo)
  return undefined
}

function forgetLetGo(): void {
  letGo = 0
}

/** Runs such work at once. */
export function atOnce<T>(work: Iterator<void, T>): T {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}
