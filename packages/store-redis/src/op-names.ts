const counterDigits = 3
const counterEnd = 36 ** counterDigits

/**
 * Names for commits, of eight characters. A session knows the last changes of its body by them, because clients send a
 * command again when no answer came: the second time must not look like a change of somebody else.
 */
export class OpNames {
  // Made with the first name: while a module is loaded, Cloudflare's runtime gives no random values.
  #mine: string | undefined
  #count = 0

  next(): string {
    // A client that reads replies as JSON must not take it for a number, such as `12345001` or `12e45001`.
    this.#mine ??= randomLetter() + randomText(4)
    this.#count = (this.#count + 1) % counterEnd
    return this.#mine + this.#count.toString(36).padStart(counterDigits, '0')
  }

  /** A new incarnation. */
  incarnation(): string {
    return randomText(20)
  }
}

function randomLetter(): string {
  const [byte] = crypto.getRandomValues(new Uint8Array(1))
  return String.fromCharCode(97 + (byte! % 26))
}

// The characters are not quite equally frequent, as 256 is no multiple of 36. That is enough, because the text is no
// secret.
function randomText(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length))
  return Array.from(bytes, (byte) => (byte % 36).toString(36)).join('')
}
