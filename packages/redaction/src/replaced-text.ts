import { isAscii, unitsOf } from './plain-text.js'

/**
 * A text with some of its places replaced, one after the other. Its units are copied: strings joined from many parts take
 * ten times as long.
 */
export class ReplacedText {
  readonly #text: string
  #isAscii = true
  #units = new Uint16Array(0)
  #replaced = new Uint16Array(0)
  #length = 0
  #after = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Puts something in the place of a part behind those before. */
  put(start: number, end: number, instead: string): void {
    if (this.#units.length === 0) {
      this.#units = unitsOf(this.#text)
      this.#isAscii = isAscii(this.#text)
    }
    this.#copyTo(start, instead.length)
    const [replaced, from] = [this.#replaced, this.#length]
    let all = 0
    for (let index = 0; index < instead.length; index++) {
      const unit = instead.charCodeAt(index)
      replaced[from + index] = unit
      all |= unit
    }
    if (all > 0x7f) this.#isAscii = false
    this.#length = from + instead.length
    this.#after = end
  }

  end(): string {
    if (this.#units.length === 0) return this.#text
    this.#copyTo(this.#text.length, 0)
    const replaced = this.#replaced.subarray(0, this.#length)
    // As bytes, a string takes half the room.
    if (this.#isAscii) return Buffer.from(Uint8Array.from(replaced).buffer).toString('latin1')
    return Buffer.from(replaced.buffer, 0, replaced.byteLength).toString('utf16le')
  }

  /** Copies what stands before a place, and makes room for more behind it. */
  #copyTo(place: number, more: number): void {
    const needed = this.#length + place - this.#after + more
    if (needed > this.#replaced.length) {
      const larger = new Uint16Array(Math.max(needed, this.#replaced.length * 2, this.#text.length))
      larger.set(this.#replaced)
      this.#replaced = larger
    }
    copy(this.#units, this.#after, place, this.#replaced, this.#length)
    this.#length += place - this.#after
  }
}

// Most parts are short, and `set` takes longer for these than a loop.
function copy(from: Uint16Array, start: number, end: number, to: Uint16Array, place: number): void {
  for (let index = start, target = place; index < end; index++, target++) to[target] = from[index]!
}
