import { byteLength } from '../json.js'

// What a report tells of each kind: an import may be of any size.
const maxIdBytes = 65_536

/** Ids, up to so many bytes, and how many came after them. */
export class FirstIds {
  readonly ids: string[] = []
  leftOff = 0
  #bytes = 0

  add(id: string): void {
    this.#bytes += byteLength(id)
    if (this.#bytes > maxIdBytes) this.leftOff++
    else this.ids.push(id)
  }
}
