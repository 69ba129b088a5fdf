import { z } from 'zod'
import type { SessionContextOptions } from '../session/context.js'
import type { BuiltContext } from '../context/lay-out.js'
import { isSessionError, SessionError, type SessionErrorCode } from '../errors.js'
import type { Identity } from '../domain/identity.js'
import { type JsonObject, type JsonValue, toJson } from '../json.js'
import type { MessageInput } from '../domain/message.js'
import type { MessagePart } from '../domain/part.js'
import type { SessionWarning } from '../service/settings.js'
import { ModelStream } from './model-stream.js'
import type { TurnDocument, TurnPart } from './part.js'
import type { OpenCall, TurnReply } from './reply.js'

/** What a turn needs of a session's handle. */
export interface TurnHandle {
  readonly identity: Identity
  readonly cart: unknown
  readonly state: unknown
  readonly preferences: unknown
}

/** What a tool is given beside its input. */
export interface ToolContextOf<Handle extends TurnHandle> {
  readonly session: Handle
  readonly cart: Handle['cart']
  readonly state: Handle['state']
  readonly preferences: Handle['preferences']
  readonly identity: Identity
  /** Aborted when the turn is stopped, or the tool has taken too long. */
  readonly signal: AbortSignal
  readonly toolCallId: string
  /** Grows with every turn of the session: a fencing token for what the tool does elsewhere. */
  readonly fence: number
}

/** Something a model may call. */
export interface ToolOf<Handle extends TurnHandle> {
  readonly description?: string
  /** Checked before the tool runs (zod), or only told to the model (JSON Schema). */
  readonly inputSchema?: z.ZodType | JsonObject
  /**
   * What it gives back is told to the model as JSON: `undefined` fields are absent, a `Date` is its ISO text. What it
   * throws is told to the model as the result, and never fails the turn.
   */
  readonly execute: (input: never, context: ToolContextOf<Handle>) => unknown
}

/** What a model may call, by name. */
export type ToolsOf<Handle extends TurnHandle> = Readonly<Record<string, ToolOf<Handle>>>

/** A tool as a model is told of it. */
export interface ToolDescription {
  readonly name: string
  readonly description?: string
  /** JSON Schema. */
  readonly inputSchema?: JsonObject
}

/** What `respond` is given: who asks what, in which session, and what happened in this turn so far. */
export interface TurnContextOf<Handle extends TurnHandle> {
  readonly session: Handle
  readonly cart: Handle['cart']
  readonly state: Handle['state']
  readonly preferences: Handle['preferences']
  readonly identity: Identity
  readonly turnId: string
  /** Of what is answered. It is in the history already, and all that came before it is what was said before. */
  readonly messageId: string
  /** Grows with every turn of the session: a fencing token for what the turn does elsewhere. */
  readonly fence: number
  /** What is answered: what the user says or, in a turn that goes on after a tool, what it gave back. */
  readonly input: string | readonly MessagePart[]
  /** Aborted when the turn is stopped. */
  readonly signal: AbortSignal
  /** What was said and called in this turn before: empty when the model is asked for the first time. */
  readonly steps: readonly MessageInput[]
  readonly tools: readonly ToolDescription[]
  /** What the caller of `turn` passed along. */
  readonly options: JsonObject
  /** What the model should see now: `session.context()`, and the steps of this turn. */
  readonly context: (options: SessionContextOptions) => Promise<BuiltContext>
  /** What the newest turns of this session retrieved, the newest last. */
  readonly documents: () => Promise<readonly TurnDocument[]>
}

/** A piece of an answer: text, a part, or an event of the AI SDK, Anthropic, OpenAI or Gemini as it is. */
type Piece = string | TurnPart | object

/**
 * Asks the model: text, or what it says piece by piece; the stream of an SDK as it is. Whatever it throws ends the turn
 * as `failed`, with what was said so far.
 */
export type RespondOf<Handle extends TurnHandle> = (turn: TurnContextOf<Handle>) => Answer | Promise<Answer>

type Answer =
  | string
  | TurnPart
  | AsyncIterable<Piece>
  | Iterable<Piece>
  /** What `streamText` gives. */
  | { readonly fullStream: AsyncIterable<object> }

export interface ResponderOptions<Handle extends TurnHandle> {
  readonly respond: RespondOf<Handle>
  readonly tools: ToolsOf<Handle>
  readonly maxSteps: number
  readonly toolTimeoutMs: number
  /** The turn, but for what changes from step to step. */
  readonly turn: Omit<TurnContextOf<Handle>, 'steps' | 'tools' | 'context'> & {
    readonly contextWith: (
      options: SessionContextOptions,
      pending: readonly MessageInput[],
    ) => Promise<BuiltContext>
  }
  readonly reply: TurnReply
  readonly push: (part: TurnPart) => void
  readonly warn: (warning: SessionWarning) => void
}

/** Asks, runs the tools that were called, and asks again, until the answer calls no more tools of ours. */
export async function runResponder<Handle extends TurnHandle>(
  options: ResponderOptions<Handle>,
): Promise<void> {
  const { respond, tools, maxSteps, reply, push, turn } = options
  const { signal } = turn
  const described = describeTools(tools)
  const take = (part: TurnPart): void => {
    push(reply.add(part))
    if (part.type === 'error') throw new SessionError('model_failed', part.message)
  }
  for (let step = 1; ; step++) {
    const steps = reply.messages()
    const { contextWith, ...shared } = turn
    const context = (wanted: SessionContextOptions) => contextWith(wanted, steps)
    const answer = await stoppable(
      Promise.resolve(respond({ ...shared, steps, tools: described, context })),
      signal,
    )
    await eachPart(answer, signal, take)
    const calls = reply.openCalls().filter(({ toolName }) => Object.hasOwn(tools, toolName))
    if (calls.length === 0) return
    if (step >= maxSteps) {
      throw new SessionError('limit_reached', `The model called tools in ${maxSteps} steps in a row.`, {
        path: 'maxSteps',
      })
    }
    const results = calls.map((call) => runTool(call, tools[call.toolName]!, options))
    for (const result of await stoppable(Promise.all(results), signal)) take(result)
  }
}

async function eachPart(answer: unknown, signal: AbortSignal, take: (part: TurnPart) => void): Promise<void> {
  const stream = new ModelStream()
  const read = (value: unknown): void => {
    for (const part of partsOf(stream, value)) take(part)
  }
  const pieces = iterableIn(answer)
  if (pieces === undefined) {
    if (typeof answer !== 'string' && (typeof answer !== 'object' || answer === null)) {
      throw new SessionError('invalid', 'respond gave neither text nor parts', { path: 'respond' })
    }
    read(answer)
  } else {
    await eachPiece(pieces, signal, read)
  }
  for (const part of stream.end()) take(part)
}

async function eachPiece(
  pieces: AsyncIterable<unknown> | Iterable<unknown>,
  signal: AbortSignal,
  read: (value: unknown) => void,
): Promise<void> {
  const iterator = Symbol.asyncIterator in pieces ? pieces[Symbol.asyncIterator]() : pieces[Symbol.iterator]()
  let finished = false
  try {
    for (;;) {
      const next = await stoppable(Promise.resolve(iterator.next()), signal)
      if (next.done === true) {
        finished = true
        return
      }
      read(next.value)
    }
  } finally {
    // Not awaited: an answer that is stuck must not keep its session.
    if (!finished) {
      try {
        void Promise.resolve(iterator.return?.()).catch(() => {})
      } catch {
        // It is left behind either way.
      }
    }
  }
}

function iterableIn(answer: unknown): AsyncIterable<unknown> | Iterable<unknown> | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined
  if (Symbol.asyncIterator in answer || Symbol.iterator in answer) {
    return answer as AsyncIterable<unknown> | Iterable<unknown>
  }
  // What `streamText` gives.
  return 'fullStream' in answer ? iterableIn(answer.fullStream) : undefined
}

/** The log must say which part it was that has a fault; what was said in it is nobody's business there. */
function partsOf(stream: ModelStream, value: unknown): TurnPart[] {
  try {
    return stream.read(value)
  } catch (error) {
    if (!isSessionError(error, 'invalid')) throw error
    const fields = typeof value === 'object' && value !== null ? Object.keys(value).slice(0, 20) : []
    const { type } = fields.length === 0 ? {} : (value as { type?: unknown })
    const named =
      typeof type === 'string' ? `a part of the type ${type.slice(0, 100)}` : `a part (${typeof value})`
    const having = fields.length === 0 ? '' : ` with the fields ${fields.join(', ').slice(0, 300)}`
    throw new SessionError('invalid', `respond gave ${named}${having}: ${error.message}`, {
      cause: error,
      ...(error.path === undefined ? {} : { path: error.path }),
    })
  }
}

async function runTool<Handle extends TurnHandle>(
  call: OpenCall,
  tool: ToolOf<Handle>,
  { turn, toolTimeoutMs, warn }: ResponderOptions<Handle>,
): Promise<TurnPart> {
  const { session, cart, state, preferences, identity, fence } = turn
  const { toolCallId, toolName } = call
  const result = (output: JsonValue, isError: boolean): TurnPart => ({
    type: 'tool-result',
    toolCallId,
    toolName,
    output,
    ...(isError ? { isError } : {}),
  })
  const timeout = AbortSignal.timeout(toolTimeoutMs)
  const signal = AbortSignal.any([turn.signal, timeout])
  try {
    const input = checkedInput(tool, call.input)
    const context = { session, cart, state, preferences, identity, fence, signal, toolCallId }
    const output = await stoppable(Promise.resolve(tool.execute(input as never, context)), signal)
    // The tool has done its work: what JSON cannot hold of what it gives back is no failure.
    return result(toJson(output, 'output'), false)
  } catch (error) {
    if (!turn.signal.aborted) {
      warn({ code: 'tool_failed', message: `The tool ${toolName} failed.`, cause: error })
    }
    if (timeout.aborted) return result(`The tool took longer than ${toolTimeoutMs} ms.`, true)
    return result(error instanceof Error ? error.message : 'The tool failed.', true)
  }
}

function checkedInput(tool: { inputSchema?: z.ZodType | JsonObject }, input: JsonValue): unknown {
  return tool.inputSchema instanceof z.ZodType ? tool.inputSchema.parse(input) : input
}

function describeTools<Handle extends TurnHandle>(tools: ToolsOf<Handle>): ToolDescription[] {
  return Object.entries(tools).map(([name, { description, inputSchema }]) => {
    const json = inputSchema instanceof z.ZodType ? z.toJSONSchema(inputSchema, { io: 'input' }) : inputSchema
    return {
      name,
      ...(description === undefined ? {} : { description }),
      ...(json === undefined ? {} : { inputSchema: json as JsonObject }),
    }
  })
}

/** Settles with `work`, or rejects as soon as the turn is stopped, whichever is first. */
async function stoppable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    work.catch(() => {})
    throw new Stopped()
  }
  let stop = (): void => {}
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(new Stopped())
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([work, stopped])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

class Stopped extends Error {
  override readonly name = 'AbortError'
}

// What these say was written for callers; what others say is for logs.
const tellable: ReadonlySet<SessionErrorCode> = new Set([
  'model_failed',
  'too_large',
  'limit_reached',
  'budget_exceeded',
])

/** What a failed answer says of itself to the caller: nothing of our insides. */
export function failureOf(error: unknown): { code: SessionErrorCode; message: string } {
  if (isSessionError(error) && tellable.has(error.code)) return { code: error.code, message: error.message }
  return { code: 'model_failed', message: 'The model failed.' }
}
