import type { Consents } from '../domain/consent.js'
import { digestOf } from '../digest.js'
import type { Message } from '../domain/message.js'
import type { UsageGroup } from '../domain/usage.js'
import type { UserFact } from '../domain/user-fact.js'
import type { Lineage, SessionBody } from '../domain/session-body.js'
import type { SessionRecord } from '../contract/session-record.js'

/** The first line of an export. */
export interface ManifestLine {
  readonly type: 'manifest'
  readonly format: 'sessions'
  readonly version: 1
  readonly tenantId: string
  /** Whose sessions these are; absent where they are of several users. */
  readonly userId?: string
  /** When the export began, epoch ms. */
  readonly at: number
}

/** What an export says of a session before its messages: the parts of the body that a person or another store may want. */
export type ExportedBody = Pick<
  SessionBody,
  | 'state'
  | 'preferences'
  | 'cart'
  | 'cartCounts'
  | 'orders'
  | 'facts'
  | 'summaries'
  | 'path'
  | 'branches'
  | 'usage'
  | 'turnCount'
  | 'documentTurns'
  | 'arms'
  | 'journey'
> & {
  /** Where it was forked from. Whose budget it spends from is of use to the library alone. */
  readonly lineage?: Omit<Lineage, 'rootId'> | undefined
}

/** A session, before its messages. All of its messages follow, each in a line. */
export interface SessionLine extends Pick<
  SessionRecord,
  'id' | 'userId' | 'title' | 'label' | 'createdAt' | 'updatedAt' | 'lastSeq' | 'trimmedSeq' | 'bytes'
> {
  readonly type: 'session'
  readonly body: ExportedBody
}

/** A message, with what the store knows of it where that is something else than callers see. */
export interface MessageLine extends Message {
  readonly type: 'message'
  readonly stored?: { readonly id?: string; readonly at?: number }
}

/**
 * The session was deleted, or its oldest messages, while it was exported: what was said of it does not count. One that is
 * still there follows once more.
 */
export interface GoneLine {
  readonly type: 'gone'
  readonly id: string
}

/** Nobody can read this: it is damaged, or its key was destroyed. The rest is in the export. */
export interface UnreadableLine {
  readonly type: 'unreadable'
  /** The session; absent where it is none. */
  readonly id?: string
  /** What it is, where it is no session: the line of this type is missing. */
  readonly part?: 'consent' | 'memory' | 'usage'
}

/** The last line of an export. Without it, the export was cut off. */
export interface EndLine {
  readonly type: 'end'
  readonly sessions: number
  readonly messages: number
  /** Of all lines before: see `LineDigest`. */
  readonly digest: string
}

/** What the user has decided, by purpose. An import leaves it out: a file proves no consent. */
export interface ConsentLine extends Consents {
  readonly type: 'consent'
}

/** What the turns of the user used and cost, for a model and a day. An import leaves it out: a file proves no bill. */
export interface UsageLine extends UsageGroup {
  readonly type: 'usage'
}

/** What is remembered of the user across sessions. An import leaves it out: a file proves no consent. */
export interface MemoryLine {
  readonly type: 'memory'
  readonly facts: readonly UserFact[]
}

export type ExportLine =
  | ManifestLine
  | SessionLine
  | MessageLine
  | GoneLine
  | UnreadableLine
  | EndLine
  | ConsentLine
  | UsageLine
  | MemoryLine

/** A digest of lines: of the digest before and the next line, each time. */
export class LineDigest {
  #value = ''

  get value(): string {
    return this.#value
  }

  /** @param line Without its end. */
  async add(line: string): Promise<void> {
    this.#value = await digestOf(`${this.#value}\n${line}`)
  }
}

/** Changes a message before it is exported. */
export type ViewMessage = (message: MessageLine) => MessageLine
