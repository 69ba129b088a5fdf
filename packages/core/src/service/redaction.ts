import { isBytes } from '../context/media.js'
import type { Message, MessageInput, Role } from '../domain/message.js'
import type { MessagePart, TextPart } from '../domain/part.js'
import type { SessionBody } from '../domain/session-body.js'
import { SessionError } from '../errors.js'
import { isJsonObject, type JsonObject, type JsonValue } from '../json.js'
import { maxTitleLength } from '../parse.js'
import { pause } from '../async/slices.js'
import { within } from '../async/within.js'
import type { SessionsOptions, SessionWarning } from './settings.js'

type Redact = NonNullable<SessionsOptions['redact']>

// A call that hangs would hold its caller, and `close()`, for ever.
const longestMs = 60_000

// They name something, and name nobody; or they are opaque, and their provider refuses them when they are changed.
const notTexts: ReadonlySet<string> = new Set([
  'type',
  'id',
  'toolCallId',
  'toolName',
  'approvalId',
  'call_id',
  'tool_use_id',
  'mediaType',
  'signature',
  'providerMetadata',
  'providerOptions',
])

// Fields that providers seal, wherever they stand.
const sealed: ReadonlySet<string> = new Set([
  'encrypted_content',
  'encryptedContent',
  'encrypted_index',
  'encryptedIndex',
  'thought_signature',
  'thoughtSignature',
])

/** Applies the application's `redact` to all texts that a session is to store. */
export class Redaction {
  readonly #redact: Redact
  readonly #warn: (warning: SessionWarning) => void

  constructor(redact: Redact, warn: (warning: SessionWarning) => void) {
    this.#redact = redact
    this.#warn = warn
  }

  /** @param path Where the text stands; it is passed on. @throws `redaction_failed` */
  async text(text: string, path: string, role?: Role): Promise<string> {
    if (text === '') return text
    await pause()
    try {
      const given = this.#redact(text, role === undefined ? { path } : { role, path })
      const redacted: unknown = typeof given === 'string' ? given : await inTime(given)
      if (typeof redacted === 'string') return redacted
      throw new TypeError(`redact gave ${redacted === null ? 'null' : typeof redacted} instead of a text`)
    } catch (cause) {
      this.#warn({
        code: 'redact_failed',
        message: 'redact threw, took too long, or gave no text; what it was to redact is not stored.',
        cause,
      })
      throw new SessionError('redaction_failed', 'A text could not be redacted, so it was not stored.', {
        cause,
      })
    }
  }

  /** A title, or another text of at most 200 characters: a longer one is cut. @throws `redaction_failed` */
  async title(title: string, path: string, role?: Role): Promise<string> {
    return (await this.text(title, path, role)).slice(0, maxTitleLength).trim()
  }

  /**
   * All texts inside a JSON value but its keys. @param before Texts that stood at the same place before stay as they
   * are. @throws `redaction_failed`
   */
  async json<Value extends JsonValue>(
    value: Value,
    path: string,
    role?: Role,
    before?: JsonValue,
  ): Promise<Value> {
    return (await this.#json(value, path, role, before)) as Value
  }

  async #json(value: JsonValue, path: string, role?: Role, before?: JsonValue): Promise<JsonValue> {
    if (value === before) return value
    if (typeof value === 'string') return isBytesAlone(value) ? value : this.text(value, path, role)
    if (typeof value !== 'object' || value === null) return value
    await pause()
    if (!isJsonObject(value)) {
      const items = Array.isArray(before) ? (before as readonly JsonValue[]) : []
      const made: JsonValue[] = []
      for (const [index, item] of value.entries()) {
        made.push(isPlain(item) ? item : await this.#json(item, `${path}[${index}]`, role, items[index]))
      }
      return made
    }
    const fields = isJsonObject(before) ? before : {}
    const made: Record<string, JsonValue> = {}
    for (const [key, field] of Object.entries(value)) {
      const known = Object.hasOwn(fields, key) ? fields[key] : undefined
      const isKept = isPlain(field) || isSealed(key, field)
      made[key] = isKept ? field : await this.#json(field, `${path}.${key}`, role, known)
    }
    return made
  }

  /** A message that has been checked. @throws `redaction_failed` */
  async message<Given extends MessageInput>(message: Given): Promise<Given> {
    const { role, name, metadata } = message
    return {
      ...message,
      content: await this.content(message.content, role),
      ...(name === undefined ? {} : { name: await this.title(name, 'name', role) }),
      ...(metadata === undefined ? {} : { metadata: await this.json(metadata, 'metadata', role) }),
    }
  }

  /** @throws `redaction_failed` */
  async content(content: Message['content'], role: Role): Promise<Message['content']> {
    if (typeof content === 'string') return this.text(content, 'text', role)
    const parts: MessagePart[] = []
    for (const part of content) parts.push(await this.part(part, role))
    return parts
  }

  /** @throws `redaction_failed` */
  async part(part: MessagePart, role: Role): Promise<MessagePart> {
    switch (part.type) {
      case 'text': {
        const { text, ...others } = part as TextPart
        return {
          ...(await this.fields(others, role)),
          type: 'text',
          text: await this.text(text, 'text', role),
        }
      }
      case 'reasoning': {
        const { text: thought, ...others } = part as TextPart
        const text = await this.text(thought, 'text', role)
        // A signature is of the words that the provider gave, and the provider refuses it with others.
        const extras = text === thought ? await this.fields(others, role) : {}
        return { ...extras, type: 'reasoning', text }
      }
      // The SDKs repeat the input beside the result, and errors beside the call.
      case 'tool-call':
        return (await this.fields({ ...part, input: part['input'] ?? null }, role)) as MessagePart
      case 'tool-result':
        return (await this.fields({ ...part, output: part['output'] ?? null }, role)) as MessagePart
      default:
        return (await this.fields(part, role)) as MessagePart
    }
  }

  /** All texts of an object but those that name something. @throws `redaction_failed` */
  async fields(part: JsonObject, role: Role): Promise<JsonObject> {
    const made: Record<string, JsonValue> = {}
    const isFile = part['type'] === 'file'
    for (const [name, field] of Object.entries(part)) {
      const isKept = notTexts.has(name) || isSealed(name, field) || (isFile && isData(name, field))
      made[name] = isKept ? field : await this.json(field, name, role)
    }
    return made
  }

  /** What is new in state and preferences, and the phases of what was not here before. @throws `redaction_failed` */
  async body(body: SessionBody, before?: SessionBody): Promise<SessionBody> {
    if (body.state === before?.state && body.preferences === before.preferences) return body
    const phases = before === undefined ? body.journey : undefined
    return {
      ...body,
      ...(phases === undefined
        ? {}
        : { journey: await Promise.all(phases.map(async (phase) => this.text(phase, 'state.phase'))) }),
      state: await this.json(body.state, 'state', undefined, before?.state),
      preferences: await this.json(body.preferences, 'preferences', undefined, before?.preferences),
    }
  }
}

function isPlain(value: JsonValue): boolean {
  return typeof value !== 'string' && (typeof value !== 'object' || value === null)
}

const base64 = /^(?:data:[^,]{0,100};base64,)?[A-Za-z0-9+/=_-]*$/

/** Whether a provider sealed it, and refuses it when it is changed. A text that is no base64 has that name by chance. */
function isSealed(name: string, value: JsonValue): boolean {
  return sealed.has(name) && typeof value === 'string' && base64.test(value)
}

/** Whether it is the bytes of a file, however few. */
function isData(name: string, value: JsonValue): boolean {
  return name === 'data' && typeof value === 'string' && base64.test(value)
}

/** An image, or another file: it is long, and what a text says would be no longer there. */
function isBytesAlone(text: string): boolean {
  return isBytes(text) && base64.test(text)
}

async function inTime(given: Promise<unknown>): Promise<unknown> {
  const redacted = await within(
    longestMs,
    Promise.resolve(given).then((text) => ({ text })),
  )
  if (redacted === undefined) throw new Error('redact took longer than a minute')
  return redacted.text
}
