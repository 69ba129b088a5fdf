import { isDeepStrictEqual } from 'node:util'
import {
  isSessionError,
  type JsonObject,
  type JsonValue,
  type Message,
  type MessageInput,
  type Session,
  SessionError,
} from '@sessions/core'
import { parseWith } from '@sessions/core/node'
import { findMerchant, marketplace, type Merchant } from './merchants.js'
import type { Tool } from './tools/tool.js'

export interface ExecutionOptions {
  /** The caller's name for the call: a call of the same name is executed once, and gets the same answer. */
  readonly key: string | undefined
  readonly signal: AbortSignal
}

export interface Execution {
  readonly output: JsonObject
  /** The merchant it was executed for. */
  readonly merchant: Merchant | undefined
  /** True when it was executed before. */
  readonly isRepeat: boolean
}

const toolTimeoutMs = 30_000

/** Runs a tool in a session, and stores call and result in its log. @throws `invalid`, and whatever the tool throws. */
export async function execute(
  session: Session,
  tool: Tool,
  given: unknown,
  { key, signal }: ExecutionOptions,
): Promise<Execution> {
  const input = parseWith(tool.input, given, 'input') as JsonValue
  const merchant = await merchantOf(session)
  const before = key === undefined ? undefined : await resultBefore(session, key, tool, input)
  if (before !== undefined) return { output: before, merchant, isRepeat: true }
  const output = await tool.execute(input as never, {
    session,
    cart: session.cart,
    merchant,
    identity: session.identity,
    signal: AbortSignal.any([signal, AbortSignal.timeout(toolTimeoutMs)]),
    changeId: key,
  })
  if (session.isStored || tool.isRead !== true) await record(session, tool, input, output, key)
  // The tool may be the one that chooses it.
  const after = tool.isRead === true ? merchant : await merchantOf(session)
  return { output, merchant: after, isRepeat: false }
}

/** The merchant of the session's tenant; in the marketplace, the one that its conversation is with. */
async function merchantOf(session: Session): Promise<Merchant | undefined> {
  if (session.tenantId !== marketplace) return findMerchant(session.tenantId)
  const seen = session.isStored ? (session.contents ?? (await session.read())) : undefined
  return findMerchant(seen?.state['merchantId'])
}

async function record(
  session: Session,
  { name: toolName, isSecret }: Tool,
  input: JsonValue,
  output: JsonObject,
  key: string | undefined,
): Promise<void> {
  // A secret result is made again when it is asked for again, so its call has no name.
  const id = isSecret === true ? undefined : key
  const toolCallId = id ?? crypto.randomUUID()
  const shown: JsonValue = isSecret === true ? '[withheld]' : output
  try {
    await session.append([
      { ...(id === undefined ? {} : { id: `${id}.call` }), ...callOf(toolCallId, toolName, input) },
      {
        ...(id === undefined ? {} : { id: `${id}.result` }),
        role: 'tool',
        content: [{ type: 'tool-result', toolCallId, toolName, output: shown }],
      },
    ])
  } catch (error) {
    // The same call at the same moment was faster; both made the same change, under the same name.
    if (id === undefined || !isSessionError(error, 'conflict')) throw error
  }
}

function callOf(toolCallId: string, toolName: string, input: JsonValue): MessageInput {
  return { role: 'assistant', content: [{ type: 'tool-call', toolCallId, toolName, input }] }
}

/** The result of an earlier call of this name, however long ago. @throws `key_reused` when that was another call. */
async function resultBefore(
  session: Session,
  key: string,
  tool: Tool,
  input: JsonValue,
): Promise<JsonObject | undefined> {
  if (!session.isStored || tool.isSecret === true) return undefined
  let page = await session.history({ limit: 200 })
  for (let isNoted = false; ;) {
    const call = partOf(page.messages, `${key}.call`)
    const isSame = call?.['toolName'] === tool.name && isDeepStrictEqual(call['input'], input)
    if (call !== undefined && !isSame) throw keyReused()
    const output = partOf(page.messages, `${key}.result`)?.['output']
    if (output !== undefined && (isSame || isNoted)) return output as JsonObject
    if (page.before === undefined) return undefined
    if (isNoted) page = await session.history({ limit: 200, before: page.before })
    // The log has each id once: noting the call tells whether a long history has to be looked through.
    else if (await isFirst(session, { id: `${key}.call`, ...callOf(key, tool.name, input) })) return undefined
    else isNoted = true
  }
}

/** @throws `key_reused` when the id is that of another call. */
async function isFirst(session: Session, call: MessageInput): Promise<boolean> {
  try {
    const [noted] = await session.append([call])
    return noted?.inserted === true
  } catch (error) {
    throw isSessionError(error, 'conflict') ? keyReused() : error
  }
}

function keyReused(): SessionError {
  return new SessionError('key_reused', 'Idempotency-Key was used for another call.', {
    path: 'Idempotency-Key',
  })
}

function partOf(messages: readonly Message[], id: string): JsonObject | undefined {
  const content = messages.find((message) => message.id === id)?.content
  return typeof content === 'string' ? undefined : content?.[0]
}
