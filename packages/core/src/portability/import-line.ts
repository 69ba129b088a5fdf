import * as z from 'zod/mini'
import type { StoredMessage } from '../contract/session-store.js'
import { limitedCartSchema, limitedOrdersSchema } from '../domain/cart.js'
import { encodeStored, type MessageInput, parseMessage } from '../domain/message.js'
import { checkBody, newBody, type SeqRange, type SessionBody } from '../domain/session-body.js'
import { isSessionError, SessionError } from '../errors.js'
import { checkNumbers } from '../exact-numbers.js'
import { parseId } from '../ids.js'
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../json.js'
import { checkWith, parseTitle, timeSchema } from '../parse.js'
import { countingTokensOf } from '../service/count-tokens.js'
import type { Service } from '../service/service.js'
import { inSlices } from '../async/slices.js'
import { latestTime } from '../time.js'
import type { ImportedSession } from './redacted-session.js'

const count = z.int().check(z.minimum(0))
// No store counts further.
const seq = z.int().check(z.minimum(0), z.maximum(2_147_483_647))
const time = z.int().check(z.minimum(0), z.maximum(latestTime))
const manifestSchema = z.looseObject({
  type: z.literal('manifest'),
  format: z.literal('sessions'),
  version: z.literal(1),
})
const sessionSchema = z.strictObject({
  type: z.literal('session'),
  id: z.string(),
  userId: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
  title: z.optional(z.string()),
  label: z.optional(z.string()),
  createdAt: time,
  updatedAt: time,
  lastSeq: seq,
  // What other software writes need not say these.
  trimmedSeq: z._default(seq, 0),
  bytes: z.optional(count),
  body: z._default(z.record(z.string(), z.unknown()), {}),
})
const messageSchema = z.strictObject({
  type: z.literal('message'),
  seq: count,
  id: z.string(),
  at: time,
  tokens: z.optional(count),
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.union([z.string(), z.array(z.unknown())]),
  status: z._default(z.enum(['completed', 'failed', 'aborted', 'corrupt']), 'completed'),
  name: z.optional(z.string()),
  metadata: z.optional(z.record(z.string(), z.unknown())),
  stored: z.optional(z.strictObject({ id: z.optional(z.string()), at: z.optional(time) })),
})
const endSchema = z.strictObject({
  type: z.literal('end'),
  sessions: count,
  messages: count,
  digest: z.optional(z.string()),
})
// Sessions are counted on from here, and at the end of all numbers none could be read again.
const tally = z.int().check(z.maximum(1e15))
const told = z.array(z.looseObject({ at: timeSchema }))
const limitedBodySchema = z.looseObject({
  cart: limitedCartSchema,
  orders: limitedOrdersSchema,
  facts: told,
  summaries: told,
  branches: z.array(z.looseObject({ leftAt: timeSchema })),
  cartCounts: z.looseObject({ added: tally, removed: tally, purchased: tally }),
  turnCount: z.optional(tally),
  usage: z.optional(z.looseObject({ turns: tally })),
})
const bodyNames = [
  'state',
  'preferences',
  'cart',
  'cartCounts',
  'orders',
  'facts',
  'summaries',
  'path',
  'branches',
  'lineage',
  'usage',
  'turnCount',
  'documentTurns',
  'arms',
  'journey',
] as const

/**
 * @throws `invalid` for what is no JSON object, is nested too deep, or has a key that could reach a prototype or a number
 * that would become another one.
 */
export function parseLine(text: string): JsonObject {
  checkNumbers(text, 'line')
  let value: JsonValue
  try {
    value = parseJson(JSON.parse(text), 'line', { maxDepth: 40, maxNodes: 200_000 })
  } catch (error) {
    if (isSessionError(error)) throw error
    throw new SessionError('invalid', 'it is not JSON', { path: 'line' })
  }
  if (isJsonObject(value) && typeof value['type'] === 'string') return value
  throw new SessionError('invalid', 'it is no object with a type', { path: 'line' })
}

/** @throws `invalid` */
export function parseManifest(line: unknown): void {
  checkWith(manifestSchema, line, '')
}

/** @throws `invalid` */
export function parseEnd(line: unknown): z.output<typeof endSchema> {
  return checkWith(endSchema, line, '')
}

/** @throws `invalid`, `limit_reached` */
export function parseSession(line: unknown, { limits }: Pick<Service, 'limits'>): ImportedSession {
  const parsed = checkWith(sessionSchema, line, '')
  const { lastSeq, trimmedSeq, createdAt, updatedAt, title, label } = parsed
  parseId(parsed.id, 'id')
  if (title !== undefined) parseTitle(title)
  if (label !== undefined) parseTitle(label, 'label')
  if (trimmedSeq > lastSeq)
    throw new SessionError('invalid', 'trimmedSeq is above lastSeq', { path: 'trimmedSeq' })
  if (createdAt > updatedAt)
    throw new SessionError('invalid', 'createdAt is after updatedAt', { path: 'createdAt' })
  if (lastSeq - trimmedSeq > limits.maxMessages) {
    throw new SessionError('limit_reached', `A session has at most ${limits.maxMessages} messages.`, {
      path: 'lastSeq',
    })
  }
  const body = parseBody(parsed.body, lastSeq)
  return { ...parsed, body: withOwnBudget(body, parsed.id) } as ImportedSession
}

function parseBody(given: Readonly<Record<string, unknown>>, lastSeq: number): SessionBody {
  const unknown = Object.keys(given).find((name) => !bodyNames.some((known) => known === name))
  if (unknown !== undefined)
    throw new SessionError('invalid', `there is no ${unknown}`, { path: `body.${unknown}` })
  const body = checkBody({ ...newBody(), ...given }, 'body')
  checkWith(limitedBodySchema, body, 'body')
  checkRanges(body.path, lastSeq, 'body.path', true)
  for (const branch of body.branches) checkRanges(branch.path, lastSeq, 'body.branches', false)
  return body
}

/** A file proves no line of forks: the session that it names may be anybody's, and its budget is not shared. */
function withOwnBudget(body: SessionBody, id: string): SessionBody {
  if (body.lineage === undefined) return body
  const { sessionId, seq: through } = body.lineage
  return { ...body, lineage: { sessionId, rootId: id, seq: through } }
}

/** The ranges of a branch stand in order; the last one of the active branch is open, and no other. */
function checkRanges(ranges: readonly SeqRange[], lastSeq: number, path: string, isActive: boolean): void {
  for (const [index, { from, to }] of ranges.entries()) {
    const isLast = index === ranges.length - 1
    const isOpen = to === undefined
    const before = ranges[index - 1]?.to ?? 0
    const isRight = isOpen === (isActive && isLast) && from > before && from <= lastSeq + 1
    if (isRight && (isOpen || (to >= from && to <= lastSeq))) continue
    throw new SessionError('invalid', 'the ranges of a branch are not in order', { path })
  }
}

type MessageFields = z.output<typeof messageSchema>

/** @throws `invalid` */
export function parseMessageLine(line: unknown, seq: number): MessageFields {
  const parsed = checkWith(messageSchema, line, '')
  if (parsed.seq !== seq) throw new SessionError('invalid', `it must be message ${seq}`, { path: 'seq' })
  parseId(parsed.id, 'id')
  if (parsed.stored?.id !== undefined) parseId(parsed.stored.id, 'stored.id')
  return parsed
}

/** The message as a store keeps it: redacted and counted like any other. @throws `invalid`, `too_large` */
export async function encodeMessage(
  service: Service,
  { seq, id, at, role, content, status, name, metadata, stored }: MessageFields,
): Promise<StoredMessage> {
  const { limits, redaction } = service
  const place = { seq, id: stored?.id ?? id, at: stored?.at ?? at }
  if (status === 'corrupt') return { ...place, payload: '{}' }
  const said = {
    role,
    content,
    ...(name === undefined ? {} : { name }),
    ...(metadata === undefined ? {} : { metadata }),
  }
  // An answer that says nothing but how it ended may be empty.
  const isEmpty = content === '' || content.length === 0
  const input = { ...said, status: isEmpty && status === 'completed' ? 'aborted' : status } as MessageInput
  const checked = { ...parseMessage(input, 'message'), status }
  const message = redaction === undefined ? checked : await redaction.message(checked)
  const tokens = await inSlices(countingTokensOf(service)(message))
  return encodeStored({ ...message, id }, tokens, place, limits.maxMessageLength, at)
}
