import { isAscii, unitsOf } from './plain-text.js'

const mostOfByte = 0xff

/**
 * A text with some of its places replaced, one after the other. Its units are copied: strings joined from many parts take
 * ten times as long.
 */
export class ReplacedText {
  readonly #text: string
  /** Those of the text, and of what it becomes: bytes as long as no sign needs more. */
  #units: Units = new Uint8Array(0)
  #replaced: Units = new Uint8Array(0)
  #length = 0
  #after = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Puts something in the place of a part behind those before. */
  put(start: number, end: number, instead: string): void {
    if (this.#units.length === 0) this.#open()
    this.#copyTo(start, instead.length)
    for (let index = 0; index < instead.length; index++) {
      const unit = instead.charCodeAt(index)
      if (unit > mostOfByte) this.#widen()
      this.#replaced[this.#length++] = unit
    }
    this.#after = end
  }

  end(): string {
    if (this.#units.length === 0) return this.#text
    this.#copyTo(this.#text.length, 0)
    const { buffer } = this.#replaced
    const isBytes = this.#replaced instanceof Uint8Array
    return isBytes
      ? Buffer.from(buffer, 0, this.#length).toString('latin1')
      : Buffer.from(buffer, 0, this.#length * 2).toString('utf16le')
  }

  #open(): void {
    this.#units = isAscii(this.#text) ? Buffer.from(this.#text, 'latin1') : unitsOf(this.#text)
    this.#replaced = emptyLike(this.#units, this.#text.length)
  }

  #widen(): void {
    if (this.#replaced instanceof Uint16Array) return
    this.#units = Uint16Array.from(this.#units)
    this.#replaced = Uint16Array.from(this.#replaced)
  }

  /** Copies what stands before a place, and makes room for more behind it. */
  #copyTo(place: number, more: number): void {
    const needed = this.#length + place - this.#after + more
    if (needed > this.#replaced.length) {
      const larger = emptyLike(this.#units, Math.max(needed, this.#replaced.length * 2))
      larger.set(this.#replaced)
      this.#replaced = larger
    }
    copy(this.#units, this.#after, place, this.#replaced, this.#length)
    this.#length += place - this.#after
  }
}

type Units = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>

function emptyLike(units: Units, length: number): Units {
  return units instanceof Uint16Array ? new Uint16Array(length) : new Uint8Array(length)
}

// Most parts are short, and `set` takes longer for these than a loop.
function copy(from: Units, start: number, end: number, to: Units, place: number): void {
  for (let index = start, target = place; index < end; index++, target++) to[target] = from[index]!
}
