import { int32List, uint16List } from './number-list.js'

/** Words by number, in the order in which they came: their letters in one list, found by a hash table. */
export class Vocabulary {
  readonly #letters = uint16List()
  // By word: where its letters begin; one more entry for the end of the last one.
  readonly #starts = int32List()
  // Hash to word + 1; 0 is free. Its size is a power of two, and at most half of it is used.
  #table = new Int32Array(64)

  constructor() {
    this.#starts.push(0)
  }

  get size(): number {
    return this.#starts.length - 1
  }

  get bytes(): number {
    return this.#letters.bytes + this.#starts.bytes + this.#table.byteLength
  }

  find(word: string): number | undefined {
    const found = this.#table[this.#slotOf(word)]!
    return found === 0 ? undefined : found - 1
  }

  add(word: string): number {
    const slot = this.#slotOf(word)
    const found = this.#table[slot]!
    if (found !== 0) return found - 1
    for (let index = 0; index < word.length; index++) this.#letters.push(word.charCodeAt(index))
    this.#starts.push(this.#letters.length)
    this.#table[slot] = this.size
    if (this.size * 2 > this.#table.length) this.#widen()
    return this.size - 1
  }

  lengthOf(id: number): number {
    return this.#starts.values[id + 1]! - this.#starts.values[id]!
  }

  /** The code of one letter of a word. */
  letter(id: number, index: number): number {
    return this.#letters.values[this.#starts.values[id]! + index]!
  }

  #slotOf(word: string): number {
    const mask = this.#table.length - 1
    let slot = hashOf(word.length, (index) => word.charCodeAt(index)) & mask
    for (;;) {
      const found = this.#table[slot]!
      if (found === 0 || this.#is(found - 1, word)) return slot
      slot = (slot + 1) & mask
    }
  }

  #is(id: number, word: string): boolean {
    const start = this.#starts.values[id]!
    if (this.#starts.values[id + 1]! - start !== word.length) return false
    for (let index = 0; index < word.length; index++) {
      if (this.#letters.values[start + index] !== word.charCodeAt(index)) return false
    }
    return true
  }

  #widen(): void {
    const table = new Int32Array(this.#table.length * 2)
    const mask = table.length - 1
    for (let id = 0; id < this.size; id++) {
      let slot = hashOf(this.lengthOf(id), (index) => this.letter(id, index)) & mask
      while (table[slot] !== 0) slot = (slot + 1) & mask
      table[slot] = id + 1
    }
    this.#table = table
  }
}

// A seed of the process, so that no sender can choose words that all collide. Made with the first word: while a module is
// loaded, Cloudflare's runtime gives no random values.
let seed: number | undefined

function hashOf(length: number, letter: (index: number) => number): number {
  let hash = (seed ??= Math.floor(Math.random() * 2 ** 32))
  for (let index = 0; index < length; index++) hash = Math.imul(hash ^ letter(index), 0x01000193)
  hash ^= hash >>> 15
  hash = Math.imul(hash, 0x85ebca6b)
  return hash ^ (hash >>> 13)
}
