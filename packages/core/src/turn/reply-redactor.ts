import type { JsonObject } from '../json.js'
import { extrasOf, isTextPart, type MessagePart, type TextPart } from '../domain/part.js'
import type { Redaction } from '../service/redaction.js'
import { isTransient, type TurnPart } from './part.js'

/** A part as it is stored and told, and as the model gave it. */
interface RedactedPart {
  readonly part: TurnPart
  readonly asked: TurnPart
}

/** A text that goes on: the beginning of a line, whose end is still to come. */
interface HeldText {
  readonly type: 'text' | 'reasoning'
  readonly id: string | undefined
  extras: JsonObject
  text: string
  /** Words of it were redacted, so what is signed is another text. */
  isChanged: boolean
  /** Something of it was told. */
  isTold: boolean
}

// A line that is longer is no prose; it is cut between words.
const maxHeld = 65_536

/**
 * Redacts an answer as it comes. A number may stand half in one piece and half in the next, so a text is held back until
 * its line ends: what is told is what is stored.
 */
export class ReplyRedactor {
  readonly #redaction: Redaction
  readonly #keep: (part: TurnPart, asked: TurnPart) => void
  readonly #held = new Map<string, HeldText>()
  #work: Promise<void> = Promise.resolve()
  #isClosed = false

  /** @param keep Called with each part that can be told, and with the part that the model gave. */
  constructor(redaction: Redaction, keep: (part: TurnPart, asked: TurnPart) => void) {
    this.#redaction = redaction
    this.#keep = keep
  }

  /** Keeps what can be told once this part has come. @throws `redaction_failed` */
  take(part: TurnPart): Promise<void> {
    return this.#next(() => this.#redact(part))
  }

  /** Keeps the texts that were held back. @throws `redaction_failed` */
  end(): Promise<void> {
    return this.#next(() => this.#letAllGo())
  }

  /** From here on nothing is kept, whatever is still being redacted. */
  close(): void {
    this.#isClosed = true
  }

  #next(redact: () => Promise<RedactedPart[]>): Promise<void> {
    const kept = this.#work.then(async () => {
      for (const { part, asked } of await redact()) if (!this.#isClosed) this.#keep(part, asked)
    })
    this.#work = kept.catch(() => {})
    return kept
  }

  async #redact(part: TurnPart): Promise<RedactedPart[]> {
    // Nobody knows what the pieces of a transient part are together; what counts comes whole, and is stored.
    if (isTransient(part)) return []
    if (isTextPart(part as MessagePart)) return this.#text(part as TextPart)
    switch (part.type) {
      case 'usage':
      case 'finish':
        return [{ part, asked: part }]
      case 'source':
        return [
          { part: (await this.#redaction.fields(part as JsonObject, 'assistant')) as TurnPart, asked: part },
        ]
      case 'document': {
        const { document } = part as { document: JsonObject }
        const redacted = { ...part, document: await this.#redaction.fields(document, 'assistant') }
        return [{ part: redacted as TurnPart, asked: part }]
      }
      case 'error': {
        const { message } = part as { message: string }
        const told = {
          type: 'error' as const,
          message: await this.#redaction.text(message, 'message', 'assistant'),
        }
        return [...(await this.#letAllGo()), { part: told, asked: part }]
      }
      default: {
        const before = await this.#letAllGo()
        const role = part.type === 'tool-result' ? 'tool' : 'assistant'
        const redacted = (await this.#redaction.part(part as MessagePart, role)) as TurnPart
        return [...before, { part: redacted, asked: part }]
      }
    }
  }

  async #letAllGo(): Promise<RedactedPart[]> {
    const told: RedactedPart[] = []
    for (const key of this.#held.keys()) told.push(...(await this.#letGo(key)))
    return told
  }

  async #text(part: TextPart): Promise<RedactedPart[]> {
    const id = part['id'] as string | undefined
    const key = JSON.stringify([part.type, id])
    const extras = extrasOf(part)
    const told: RedactedPart[] = []
    const { type } = part as { type: 'text' | 'reasoning' }
    for (const [other, held] of this.#held) {
      // Without an id, a text ends where another one begins, or after its signature.
      const isOver = other === key ? isSealed(held, extras) : true
      if (held.id === undefined && isOver) told.push(...(await this.#letGo(other)))
      else if (held.type !== type) {
        // Thoughts stay before the words that follow them: a provider refuses them elsewhere.
        told.push(...(await this.#redacted(held, held.text)))
        held.text = ''
        held.extras = {}
      }
    }
    const held = this.#held.get(key) ?? { type, id, extras: {}, text: '', isChanged: false, isTold: false }
    this.#held.set(key, held)
    held.text += part.text
    held.extras = { ...held.extras, ...extras }
    const hasLine = part.text.includes('\n')
    for (let end = endOf(held.text, hasLine); end > 0; end = endOf(held.text, hasLine)) {
      const lines = held.text.slice(0, end)
      held.text = held.text.slice(end)
      told.push(...(await this.#redacted(held, lines)))
    }
    return told
  }

  async #letGo(key: string): Promise<RedactedPart[]> {
    const held = this.#held.get(key)
    const told = held === undefined ? [] : await this.#redacted(held, held.text)
    this.#held.delete(key)
    return told
  }

  async #redacted(held: HeldText, said: string): Promise<RedactedPart[]> {
    const { type, id } = held
    const text = await this.#redaction.text(said, 'text', 'assistant')
    held.isChanged ||= text !== said
    // A signature is of the words that the provider gave, and the provider refuses it with others.
    const extras =
      type === 'reasoning' && held.isChanged ? {} : await this.#redaction.fields(held.extras, 'assistant')
    if (text === '' && Object.keys(extras).length === 0) return []
    const part = { type, ...(id === undefined ? {} : { id }), ...extras, text } as TurnPart
    const before = this.#before(held)
    held.isTold = true
    return [...before, { part, asked: part }]
  }

  /** What keeps the places of texts that began earlier and of which nothing is told yet. */
  #before(held: HeldText): RedactedPart[] {
    const parts: RedactedPart[] = []
    for (const other of this.#held.values()) {
      if (other === held) break
      const { type, id, isTold } = other
      if (id === undefined || isTold) continue
      const part = { type, id, text: '' }
      other.isTold = true
      parts.push({ part, asked: part })
    }
    return parts
  }
}

/** Whether a text has ended, because it has a signature, or the like, that what comes has not. */
function isSealed({ extras: sealed }: HeldText, extras: JsonObject): boolean {
  return Object.keys(sealed).length > 0 && JSON.stringify(sealed) !== JSON.stringify(extras)
}

/** How much of a text can be told; 0 when it has to wait. @param hasLine Whether a line may end in it. */
function endOf(text: string, hasLine: boolean): number {
  const isLong = text.length > maxHeld
  const last = Math.min(text.length, maxHeld) - 1
  const line = hasLine ? text.lastIndexOf('\n', last) + 1 : 0
  if (line > 0 || !isLong) return line
  return text.lastIndexOf(' ', last) + 1 || maxHeld
}
