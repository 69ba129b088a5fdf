import { corrupt, decodeText, parseText, parseWhole, type StoredMessage } from '@sessions/core/store'
import { StringDecoder } from 'node:string_decoder'
import type { Connection } from '../database/connection.js'
import type { Statements } from '../statements.js'
import { hasEscapes } from '../text.js'

const minSliceBytes = 256 * 1024
// SQLite reads all of a payload for each slice of it.
const maxSlices = 16

/** A payload that would hold the event loop for long if it came at once: it comes in slices. */
export class LongPayload {
  readonly #statements: Statements
  readonly #key: number
  readonly #seq: number
  readonly #bytes: number
  readonly #sliceBytes: number
  readonly #decoder = new StringDecoder('utf8')
  #text = ''
  #hasEscapes = false
  #read = 0

  constructor(statements: Statements, key: number, seq: number, bytes: number) {
    this.#statements = statements
    this.#key = key
    this.#seq = seq
    this.#bytes = bytes
    this.#sliceBytes = Math.max(minSliceBytes, Math.ceil(bytes / maxSlices))
  }

  /** Reads the next slice; returns the message after the last one. @throws `corrupt` when it is no message. */
  readStep(connection: Connection): StoredMessage | undefined {
    const { slice } = this.#statements
    const row = connection.first(slice, this.#read + 1, this.#sliceBytes, this.#key, this.#seq)
    if (row === undefined) throw corrupt('the log has gaps')
    const text = this.#decoder.write(toBuffer(row['slice']))
    this.#hasEscapes ||= hasEscapes(text)
    this.#text += text
    this.#read += this.#sliceBytes
    if (this.#read < this.#bytes) return undefined
    // To look through the whole text would hold the event loop for long: the engine has to join it first.
    const payload = this.#hasEscapes ? decodeText(this.#text) : this.#text
    return { seq: this.#seq, id: parseText(row['id'], 'id'), at: parseWhole(row['at'], 'at'), payload }
  }
}

function toBuffer(bytes: unknown): Buffer {
  if (bytes instanceof Uint8Array) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes instanceof ArrayBuffer) return Buffer.from(bytes)
  throw corrupt('payload is no text')
}
