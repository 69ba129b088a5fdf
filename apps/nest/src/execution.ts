import {
  isSessionError,
  type JsonObject,
  type JsonValue,
  type Message,
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
  const before = key === undefined ? undefined : await findResult(session, key, tool, input)
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
      {
        ...(id === undefined ? {} : { id: `${id}.call` }),
        role: 'assistant',
        content: [{ type: 'tool-call', toolCallId, toolName, input }],
      },
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

/** The result of an earlier call of this name. @throws `key_reused` when that was another call. */
async function findResult(
  session: Session,
  key: string,
  { name }: Tool,
  input: JsonValue,
): Promise<JsonObject | undefined> {
  if (!session.isStored) return undefined
  const { messages } = await session.history({ limit: 200 })
  const result = partOf(messages, `${key}.result`)?.['output']
  if (result === undefined) return undefined
  const call = partOf(messages, `${key}.call`)
  if (call?.['toolName'] === name && JSON.stringify(call['input']) === JSON.stringify(input)) {
    return result as JsonObject
  }
  throw new SessionError('key_reused', 'Idempotency-Key was used for another call.', {
    path: 'Idempotency-Key',
  })
}

function partOf(messages: readonly Message[], id: string): JsonObject | undefined {
  const content = messages.find((message) => message.id === id)?.content
  return typeof content === 'string' ? undefined : content?.[0]
}
