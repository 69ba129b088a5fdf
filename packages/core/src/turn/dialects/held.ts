import { SessionError } from '../../errors.js'

// In UTF-16 units. A reply has no room for more.
const most = 16 * 1024 * 1024

/** What a reader keeps of an answer until the rest of it has come: a model may go on without end. */
export class Held {
  #length = 0

  /** Counts what is kept from now on, and gives it back. @throws `too_large` */
  keep<Value>(value: Value): Value {
    this.#length += typeof value === 'string' ? value.length : (JSON.stringify(value) ?? '').length
    if (this.#length <= most) return value
    throw new SessionError('too_large', `A part of the answer is longer than ${most} letters.`, {
      path: 'reply',
    })
  }
}
