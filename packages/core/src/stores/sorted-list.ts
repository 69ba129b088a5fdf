/**
 * Items in order, in one array: found by halving, moved in and out by shifting what comes after, which for some tens
 * of thousands of items costs microseconds. An item's place must not change while it is in here.
 */
export class SortedList<Place, Item extends Place = Place> {
  readonly #items: Item[] = []
  readonly #compare: (a: Place, b: Place) => number

  constructor(compare: (a: Place, b: Place) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#items.length
  }

  at(index: number): Item | undefined {
    return this.#items[index]
  }

  /** How many items come before `place`. */
  rank(place: Place): number {
    let low = 0
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compare(this.#items[middle]!, place) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  add(item: Item): void {
    this.#items.splice(this.rank(item), 0, item)
  }

  delete(item: Item): void {
    const index = this.rank(item)
    if (this.#items[index] === item) this.#items.splice(index, 1)
  }
}
