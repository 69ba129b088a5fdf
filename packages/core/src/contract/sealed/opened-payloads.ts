import type { SubjectKey } from './subject-keys.js'

// Each unit takes two bytes at most.
const maxUnits = 8 * 1024 * 1024
const maxUnitsOfOne = 64 * 1024
const unitsBeside = 100

interface Opened {
  readonly by: SubjectKey
  readonly sealed: string
  readonly payload: string
}

/**
 * Payloads that were opened lately, in 16 MiB at most: the newest messages of a session are read by each of its
 * requests, and to open them costs more than to read them.
 */
export class OpenedPayloads {
  /** By session and message; the one that was opened first is first. */
  readonly #opened = new Map<string, Opened>()
  #units = 0

  /** What a payload was opened to, if this very text was opened at this place with this key. */
  find(place: string, by: SubjectKey, sealed: string): string | undefined {
    const known = this.#opened.get(place)
    // A key that was asked for again, or destroyed, is another object.
    return known?.by === by && known.sealed === sealed ? known.payload : undefined
  }

  keep(place: string, opened: Opened): void {
    this.#drop(place)
    const units = unitsOf(place, opened)
    if (units > maxUnitsOfOne) return
    this.#opened.set(place, opened)
    this.#units += units
    for (const first of this.#opened.keys()) {
      if (this.#units <= maxUnits) return
      this.#drop(first)
    }
  }

  clear(): void {
    this.#opened.clear()
    this.#units = 0
  }

  #drop(place: string): void {
    const known = this.#opened.get(place)
    if (known === undefined) return
    this.#opened.delete(place)
    this.#units -= unitsOf(place, known)
  }
}

function unitsOf(place: string, { sealed, payload }: Opened): number {
  return unitsBeside + place.length + sealed.length + payload.length
}
