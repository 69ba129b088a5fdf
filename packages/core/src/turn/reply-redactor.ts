import type { JsonObject, JsonValue } from '../json.js'
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
  extras: Record<string, JsonValue>
  text: string
  /** Words of it were redacted, so what is signed is another text. */
  isChanged: boolean
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
  /** Those of which something may be held back. An answer may have any number of texts. */
  readonly #full = { text: new Set<HeldText>(), reasoning: new Set<HeldText>() }
  /** Those with an id of which nothing was told yet, in their order. */
  readonly #untold = new Set<HeldText>()
  /** The one without an id. */
  #loose: HeldText | undefined
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
    const key = keyOf(part)
    const extras = extrasOf(part)
    const told: RedactedPart[] = []
    const { type } = part as { type: 'text' | 'reasoning' }
    // Thoughts stay before the words that follow them: a provider refuses them elsewhere.
    const others = this.#full[type === 'text' ? 'reasoning' : 'text']
    for (const held of others) {
      told.push(...(await this.#redacted(held, held.text)))
      Object.assign(held, { text: '', extras: {} })
    }
    others.clear()
    // Without an id, a text ends where another one begins, or after its signature.
    const loose = this.#loose
    if (loose !== undefined && (keyOf(loose) !== key || isSealed(loose, extras)))
      told.push(...(await this.#letGo(keyOf(loose))))
    const held = this.#held.get(key) ?? this.#hold(key, { type, id })
    this.#full[type].add(held)
    held.text += part.text
    Object.assign(held.extras, extras)
    const hasLine = part.text.includes('\n')
    for (let end = endOf(held.text, hasLine); end > 0; end = endOf(held.text, hasLine)) {
      const lines = held.text.slice(0, end)
      held.text = held.text.slice(end)
      told.push(...(await this.#redacted(held, lines)))
      // They are told with its first line; only a text without an id ends by them.
      if (id !== undefined) held.extras = {}
    }
    return told
  }

  #hold(key: string, begun: Pick<HeldText, 'type' | 'id'>): HeldText {
    const held = { ...begun, extras: {}, text: '', isChanged: false }
    this.#held.set(key, held)
    if (held.id === undefined) this.#loose = held
    else this.#untold.add(held)
    return held
  }

  async #letGo(key: string): Promise<RedactedPart[]> {
    const held = this.#held.get(key)
    if (held === undefined) return []
    const told = await this.#redacted(held, held.text)
    this.#held.delete(key)
    this.#full[held.type].delete(held)
    this.#untold.delete(held)
    if (this.#loose === held) this.#loose = undefined
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
    this.#untold.delete(held)
    return [...before, { part, asked: part }]
  }

  /** What keeps the places of texts that began earlier and of which nothing is told yet. */
  #before(held: HeldText): RedactedPart[] {
    const parts: RedactedPart[] = []
    // Once something of it was told, nothing is before it that was not.
    if (held.id !== undefined && !this.#untold.has(held)) return parts
    for (const other of this.#untold) {
      if (other === held) break
      const part = { type: other.type, id: other.id!, text: '' }
      this.#untold.delete(other)
      parts.push({ part, asked: part })
    }
    return parts
  }
}

function keyOf({ type, id }: { readonly type: string; readonly id?: unknown }): string {
  return JSON.stringify([type, id])
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
