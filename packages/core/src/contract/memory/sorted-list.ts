// Moving an item in or out shifts the items that follow it in its run, so runs are kept short. A list of a million
// items has some thousands of runs. Halving finds the run, and then the item in it.
const maxRun = 512

/** Items in order. An item's place must not change while it is in here, and no two may have the same. */
export class SortedList<Place, Item extends Place = Place> {
  /** No run is ever empty. */
  #runs: Item[][] = []
  readonly #compare: (a: Place, b: Place) => number
  #size = 0

  constructor(compare: (a: Place, b: Place) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#size
  }

  get first(): Item | undefined {
    return this.#runs[0]?.[0]
  }

  add(item: Item): void {
    this.#size++
    const at = Math.min(this.#runOf(item), this.#runs.length - 1)
    const run = this.#runs[at]
    if (run === undefined) {
      // Most lists by label have one item, and an array that grows takes room for many.
      this.#runs = [[item]]
      return
    }
    run.splice(this.#rank(run, item), 0, item)
    if (run.length > maxRun) this.#runs.splice(at + 1, 0, run.splice(maxRun / 2))
  }

  delete(item: Item): void {
    const at = this.#runOf(item)
    const run = this.#runs[at]
    if (run === undefined) return
    const index = this.#rank(run, item)
    if (run[index] !== item) return
    run.splice(index, 1)
    this.#size--
    if (run.length === 0) this.#runs.splice(at, 1)
  }

  /** From the last item before `place` (or of all) to the first. */
  *backwards(place?: Place): Generator<Item> {
    const start = place === undefined ? this.#runs.length - 1 : this.#runOf(place)
    for (let at = start; at >= 0; at--) {
      const run = this.#runs[at]
      if (run === undefined) continue
      const end = at === start && place !== undefined ? this.#rank(run, place) : run.length
      for (let index = end - 1; index >= 0; index--) yield run[index]!
    }
  }

  /** The index of the first run that ends at `place` or after it; the number of runs when there is no such run. */
  #runOf(place: Place): number {
    return firstIndex(this.#runs, (run) => this.#compare(run.at(-1)!, place) >= 0)
  }

  #rank(run: Item[], place: Place): number {
    return firstIndex(run, (item) => this.#compare(item, place) >= 0)
  }
}

/** The index of the first right value, where all wrong values stand before all right ones. */
function firstIndex<T>(values: readonly T[], isRight: (value: T) => boolean): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isRight(values[middle]!)) high = middle
    else low = middle + 1
  }
  return low
}
