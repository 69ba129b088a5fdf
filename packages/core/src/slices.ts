// Far below 50 ms, the longest that other work in the process should ever wait.
const sliceMs = 8

/**
 * Runs work that yields between its steps, and lets the event loop continue every few milliseconds. What ends within
 * the first slice ends at once, without a promise.
 */
export function inSlices<T>(work: Iterator<void, T>): T | Promise<T> {
  const first = slice(work)
  return first === undefined ? remaining(work) : first.value
}

async function remaining<T>(work: Iterator<void, T>): Promise<T> {
  for (;;) {
    await new Promise<void>((resolve) => setTimeout(resolve, 0))
    const next = slice(work)
    if (next !== undefined) return next.value
  }
}

/** The end of the work; undefined when it goes on. */
function slice<T>(work: Iterator<void, T>): { readonly value: T } | undefined {
  const began = performance.now()
  do {
    const step = work.next()
    if (step.done === true) return step
  } while (performance.now() - began < sliceMs)
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

/** For a loop that awaits what may be there already: lets the event loop go on after every few milliseconds of it. */
export function pauses(): () => Promise<void> | undefined {
  let began = performance.now()
  return () => {
    if (performance.now() - began < sliceMs) return undefined
    return new Promise<void>((resolve) => setTimeout(resolve, 0)).then(() => {
      began = performance.now()
    })
  }
}

/** Runs such work at once. */
export function atOnce<T>(work: Iterator<void, T>): T {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}
