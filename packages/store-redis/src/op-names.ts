const counterDigits = 3
const counterEnd = 36 ** counterDigits

/**
 * Names for commits, of eight characters, by which a session knows the last changes of its body again: clients send
 * what was not answered once more, and the second time must not look like somebody else's change.
 */
export class OpNames {
  readonly #mine = randomText(5)
  #count = 0

  next(): string {
    this.#count = (this.#count + 1) % counterEnd
    return this.#mine + this.#count.toString(36).padStart(counterDigits, '0')
  }

  /** A new incarnation. */
  incarnation(): string {
    return randomText(20)
  }
}

// 256 is no multiple of 36, and this is no secret.
function randomText(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length))
  return Array.from(bytes, (byte) => (byte % 36).toString(36)).join('')
}
