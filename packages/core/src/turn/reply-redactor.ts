import type { JsonObject, JsonValue } from '../json.js'
import { extrasOf, isTextPart, type MessagePart, type TextPart } from '../domain/part.js'
import { SessionError } from '../errors.js'
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
  /** The end of what was told of a line that may still go on. */
  open: string
}

// As much as a reply may hold: what is held back is a part of it.
const maxUnits = 16 * 1024 * 1024
const heldUnits = 256
// A line that is longer is no prose; it is cut between words.
const maxHeld = 65_536
// What is to be redacted is hardly longer: with so much of what follows it is known whether a cut goes through it.
const look = 1024
const maxCuts = 16

/**
 * Redacts an answer as it comes. A number may stand half in one piece and half in the next, so a text is held back until
 * its line ends: what is told is what is stored.
 */
export class ReplyRedactor {
  readonly #redaction: Redaction
  readonly #keep: (part: TurnPart, asked: TurnPart) => void
  readonly #held = new Map<string, HeldText>()
  /** Texts with an id of which nothing is told yet, in the order in which they began. */
  readonly #untold = new Set<HeldText>()
  /** Thoughts with an id of which something is held back. */
  readonly #thoughts = new Set<HeldText>()
  /** The ends of the texts without an id that something came after: they may go on behind it. */
  readonly #ends = new Map<HeldText['type'], string>()
  /** About how many UTF-16 units are held back. */
  #units = 0
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
      // What follows it is another message, whose texts are others.
      case 'tool-result':
        return [...(await this.#letAllGo()), await this.#part(part, 'tool')]
      default:
        return [...(await this.#letUnnamedGo()), ...this.#before(), await this.#part(part, 'assistant')]
    }
  }

  async #part(part: TurnPart, role: 'assistant' | 'tool'): Promise<RedactedPart> {
    return { part: (await this.#redaction.part(part as MessagePart, role)) as TurnPart, asked: part }
  }

  async #letAllGo(): Promise<RedactedPart[]> {
    const told: RedactedPart[] = []
    for (const key of this.#held.keys()) told.push(...(await this.#letGo(key)))
    this.#ends.clear()
    return told
  }

  /** A text without an id ends where anything else comes; one with an id goes on in its place. */
  async #letUnnamedGo(): Promise<RedactedPart[]> {
    const told: RedactedPart[] = []
    for (const type of ['reasoning', 'text'] as const) told.push(...(await this.#letGo(keyOf(type))))
    return told
  }

  async #text(part: TextPart): Promise<RedactedPart[]> {
    const id = part['id'] as string | undefined
    const { type } = part as { type: HeldText['type'] }
    const key = keyOf(type, id)
    const extras = extrasOf(part)
    const told: RedactedPart[] = []
    for (const other of [keyOf('reasoning'), keyOf('text')]) {
      const held = this.#held.get(other)
      // Without an id, a text ends where another one begins, or after its signature.
      if (held !== undefined && (other !== key || isSealed(held, extras)))
        told.push(...(await this.#letGo(other)))
    }
    if (type === 'text') {
      // Thoughts are told before the words that follow them, though they may go on.
      for (const thought of this.#thoughts) {
        told.push(...(await this.#redacted(thought, thought.text)))
        thought.text = ''
        thought.extras = {}
      }
      this.#thoughts.clear()
    }
    const held = this.#held.get(key) ?? this.#begin(key, type, id)
    this.#units += part.text.length
    if (this.#units > maxUnits) {
      throw new SessionError('too_large', `The answer is longer than ${maxUnits} bytes.`, { path: 'reply' })
    }
    held.text += part.text
    Object.assign(held.extras, extras)
    if (type === 'reasoning' && id !== undefined) this.#thoughts.add(held)
    const hasLine = part.text.includes('\n')
    for (;;) {
      const end = endOf(held.text, hasLine) || (await this.#cutOf(held.text))
      if (end === 0) break
      const lines = held.text.slice(0, end)
      held.text = held.text.slice(end)
      told.push(...(await this.#redacted(held, lines, true)))
      // They are told with its first line; only a text without an id ends by them.
      if (id !== undefined) held.extras = {}
    }
    // As a chat says it of a text that has ended.
    return part['state'] === 'done' ? [...told, ...(await this.#letGo(key))] : told
  }

  #begin(key: string, type: HeldText['type'], id: string | undefined): HeldText {
    const open = id === undefined ? (this.#ends.get(type) ?? '') : ''
    const held: HeldText = { type, id, extras: {}, text: '', isChanged: false, open }
    this.#held.set(key, held)
    this.#units += heldUnits
    if (id !== undefined) this.#untold.add(held)
    return held
  }

  /** Where a line that is too long is cut: nothing that is to be redacted is on both sides. 0 for one that is not. */
  async #cutOf(text: string): Promise<number> {
    if (text.length <= maxHeld) return 0
    const first = spaceBefore(text, maxHeld - look)
    const known = text.slice(0, first + look)
    const redacted = (piece: string) => this.#redaction.text(piece, 'text', 'assistant')
    const whole = await redacted(known)
    for (let cut = first, cuts = 0; cuts < maxCuts && cut > look; cuts++) {
      if ((await redacted(known.slice(0, cut))) + (await redacted(known.slice(cut))) === whole) return cut
      cut = spaceBefore(text, cut - 1)
    }
    return first
  }

  async #letGo(key: string): Promise<RedactedPart[]> {
    const held = this.#held.get(key)
    if (held === undefined) return []
    const told = await this.#redacted(held, held.text)
    this.#held.delete(key)
    this.#units -= heldUnits
    this.#untold.delete(held)
    this.#thoughts.delete(held)
    if (held.id === undefined) this.#ends.set(held.type, held.open)
    return told
  }

  /** @param isCut Whether what follows is redacted on its own. */
  async #redacted(held: HeldText, said: string, isCut = false): Promise<RedactedPart[]> {
    const { type, id, open } = held
    const whole = await this.#redaction.text(open + said, 'text', 'assistant')
    // What was told before stays; what it makes together with what follows is told in place of that.
    const text = whole.slice(sameLength(await this.#redaction.text(open, 'text', 'assistant'), whole))
    this.#units -= said.length
    held.isChanged ||= text !== said
    held.open = isCut ? '' : lineEnd(open + said)
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
  #before(held?: HeldText): RedactedPart[] {
    const parts: RedactedPart[] = []
    if (held !== undefined && held.id !== undefined && !this.#untold.has(held)) return parts
    for (const other of this.#untold) {
      if (other === held) break
      this.#untold.delete(other)
      const part = { type: other.type, id: other.id!, text: '' }
      parts.push({ part, asked: part })
    }
    return parts
  }
}

function keyOf(type: HeldText['type'], id?: string): string {
  return JSON.stringify([type, id])
}

/** Whether a text has ended, because it has a signature, or the like, that what comes has not. */
function isSealed({ extras: sealed }: HeldText, extras: JsonObject): boolean {
  return Object.keys(sealed).length > 0 && JSON.stringify(sealed) !== JSON.stringify(extras)
}

/** How much of a text can be told; 0 when it has to wait. @param hasLine Whether a line may end in it. */
function endOf(text: string, hasLine: boolean): number {
  return hasLine ? text.lastIndexOf('\n', Math.min(text.length, maxHeld) - 1) + 1 : 0
}

/** Where a word ends, at this place or before it; where there are only long words, a little before it. */
function spaceBefore(text: string, place: number): number {
  const space = text.lastIndexOf(' ', place - 1) + 1
  return space > place - look ? space : place - 64
}

function lineEnd(text: string): string {
  return text.slice(Math.max(text.lastIndexOf('\n') + 1, text.length - look))
}

function sameLength(a: string, b: string): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length++
  return length
}
