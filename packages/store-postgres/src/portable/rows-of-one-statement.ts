// A statement for each number of rows would be prepared a thousand times. So large numbers go in these portions.
const large = 128
const medium = 16

/** Cuts rows into portions of few sizes: 128, 16, and what is left. */
export function* portionsOf<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let from = 0; from < items.length;) {
    const left = items.length - from
    const size = left >= large ? large : left >= medium ? medium : left
    yield items.slice(from, from + size)
    from += size
  }
}
