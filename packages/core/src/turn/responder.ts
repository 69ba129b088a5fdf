import * as z from 'zod/mini'
import type { SessionContextOptions } from '../session/context.js'
import type { BuiltContext } from '../context/lay-out.js'
import { isSessionError, messageOf, SessionError, type SessionErrorCode } from '../errors.js'
import type { Identity } from '../domain/identity.js'
import { inParallel } from '../async/in-parallel.js'
import { copyJson, isJsonObject, type JsonObject, type JsonValue, toJson } from '../json.js'
import type { MessageInput } from '../domain/message.js'
import type { MessagePart } from '../domain/part.js'
import type { Redaction } from '../service/redaction.js'
import type { SessionWarning } from '../service/settings.js'
import { answerOf, eachPart, letGo, type Take } from './each-part.js'
import { pause } from '../async/slices.js'
import { stoppable } from '../async/stoppable.js'
import type { TurnDocument, TurnPart } from './part.js'
import type { OpenCall, TurnReply } from './reply.js'
import { ReplyRedactor } from './reply-redactor.js'

/** What a turn needs from a session's handle. */
export interface TurnHandle {
  readonly identity: Identity
  readonly cart: unknown
  readonly state: unknown
  readonly preferences: unknown
}

/** The second argument of a tool, after its input. */
export interface ToolContextOf<Handle extends TurnHandle> {
  /** The session that the turn is in. */
  readonly session: Handle
  /** The cart of the session. */
  readonly cart: Handle['cart']
  /** The state of the session. */
  readonly state: Handle['state']
  /** The preferences of the session. */
  readonly preferences: Handle['preferences']
  /** The caller of the turn. */
  readonly identity: Identity
  /** Aborted when the turn is stopped, or the tool has taken too long. */
  readonly signal: AbortSignal
  /** Names this call of the tool, as the model did. */
  readonly toolCallId: string
  /** Grows with every turn of the session: a fencing token for what the tool does in other systems. */
  readonly fence: number
}

/** A tool that a model may call. */
export interface ToolOf<Handle extends TurnHandle, Input = unknown> {
  /** What it does, for the model. */
  readonly description?: string
  /** With a schema of zod 4 or zod/mini, the input is checked before the tool runs; a JSON Schema is only shown to the model. */
  readonly inputSchema?:
    | z.core.$ZodType<Input>
    | JsonObject
    // What others declare as interfaces, such as `JSONSchema7` and the tools of MCP; no schema that is code.
    | {
        readonly type?: unknown
        readonly properties?: unknown
        readonly $ref?: unknown
        readonly '~standard'?: never
      }
  /**
   * The model gets the result as JSON: `undefined` fields are absent, a `Date` is its ISO text. When it throws, the
   * model gets the error as the result, and the turn does not fail.
   */
  execute(input: NoInfer<Input>, context: ToolContextOf<Handle>): unknown
}

/** The tools that a model may call, by name. @typeParam Inputs What each is called with. */
export type ToolsOf<Handle extends TurnHandle, Inputs = Readonly<Record<string, unknown>>> = {
  readonly [Name in keyof Inputs]: ToolOf<Handle, Inputs[Name]>
}

/** A tool as it is described to a model. */
export interface ToolDescription {
  /** As the model calls it. */
  readonly name: string
  /** What it does, for the model. */
  readonly description?: string
  /** JSON Schema. */
  readonly inputSchema?: JsonObject
}

/** The argument of `respond`: the caller, the session, the input, and the steps of this turn so far. */
export interface TurnContextOf<Handle extends TurnHandle> {
  /** The session that the turn is in. */
  readonly session: Handle
  /** The cart of the session. */
  readonly cart: Handle['cart']
  /** The state of the session. */
  readonly state: Handle['state']
  /** The preferences of the session. */
  readonly preferences: Handle['preferences']
  /** The caller of the turn. */
  readonly identity: Identity
  /** Names the turn. */
  readonly turnId: string
  /** The id of the message that is answered. It is in the history already, after all earlier messages. */
  readonly messageId: string
  /** Grows with every turn of the session: a fencing token for what the turn does in other systems. */
  readonly fence: number
  /**
   * The content of the message that is answered: the user's or, in a turn that continues after a tool, the tool's
   * result.
   */
  readonly input: string | readonly MessagePart[]
  /** Aborted when the turn is stopped. */
  readonly signal: AbortSignal
  /** The messages of this turn so far: empty when the model is called for the first time. */
  readonly steps: readonly MessageInput[]
  /** The tools that the model may call, as it is told of them. */
  readonly tools: readonly ToolDescription[]
  /** The `options` that the caller of `turn` passed. */
  readonly options: JsonObject
  /** The messages that the model should see now: `session.context()`, and the steps of this turn. */
  readonly context: (options: SessionContextOptions) => Promise<BuiltContext>
  /** The documents of the newest turns of the active branch, the newest last. */
  readonly documents: () => Promise<readonly TurnDocument[]>
}

/** A piece of an answer: text, a part, or an event of an SDK as it is. */
type Piece = string | TurnPart | object

/**
 * Calls the model and returns its answer: text, pieces as they come, or the stream or whole answer of an SDK as it is.
 * When it throws, the turn ends as `failed`, with the answer so far.
 */
export type RespondOf<Handle extends TurnHandle> = (turn: TurnContextOf<Handle>) => Answer | Promise<Answer>

type Answer = string | TurnPart | AsyncIterable<Piece> | Iterable<Piece> | OfSdk

/**
 * A whole answer of an SDK, or what has its stream: each has one of these fields. `object` would tell generators no more
 * what they may yield.
 */
interface OfSdk {
  /** The results of `streamText` and of agents. */
  readonly fullStream?: unknown
  /** Bedrock's ConverseStream. */
  readonly stream?: unknown
  /** Bedrock's Converse, and Responses. */
  readonly output?: unknown
  /** Gemini. */
  readonly candidates?: unknown
  /** Its Interactions. */
  readonly steps?: unknown
  /** Chat Completions, and Mistral. */
  readonly choices?: unknown
  /** Anthropic, and LangChain. */
  readonly content?: unknown
  /** Cohere, and the chat of Ollama. */
  readonly message?: unknown
  /** Ollama. */
  readonly done?: unknown
}

export interface ResponderOptions<Handle extends TurnHandle> {
  readonly respond: RespondOf<Handle>
  readonly tools: ToolsOf<Handle>
  readonly maxSteps: number
  readonly toolTimeoutMs: number
  /** The fields of the turn that do not change from step to step. */
  readonly turn: Omit<TurnContextOf<Handle>, 'steps' | 'tools' | 'context'> & {
    readonly contextWith: (
      options: SessionContextOptions,
      pending: readonly MessageInput[],
    ) => Promise<BuiltContext>
  }
  readonly reply: TurnReply
  readonly push: (part: TurnPart) => void
  /** What redacts the answer; undefined when nothing does. */
  readonly redaction: Redaction | undefined
  readonly warn: (warning: SessionWarning) => void
}

// A model may call a tool thousands of times in one answer.
const callsAtOnce = 32

/**
 * Calls `respond`, runs the tools that were called, and calls it again, until the answer calls no more of these tools.
 */
export async function runResponder<Handle extends TurnHandle>(
  options: ResponderOptions<Handle>,
): Promise<void> {
  const { reply, push } = options
  const keep = (part: TurnPart, asked: TurnPart = part): void => {
    push(reply.add(part, asked))
    if (part.type === 'error') throw new SessionError('model_failed', part.message)
  }
  if (options.redaction === undefined) return runSteps(options, keep)
  const redactor = new ReplyRedactor(options.redaction, keep)
  try {
    await runSteps(
      options,
      (part) => redactor.take(part),
      () => redactor.end(),
    )
  } catch (error) {
    // The answer so far is kept, unless what redacts it hangs.
    await stoppable(redactor.end(), AbortSignal.timeout(options.toolTimeoutMs)).catch(() => {})
    redactor.close()
    throw error
  }
}

/** @param end Called when an answer has ended, before its tools run. */
async function runSteps<Handle extends TurnHandle>(
  options: ResponderOptions<Handle>,
  take: Take,
  end?: () => Promise<void>,
): Promise<void> {
  const { respond, tools, maxSteps, toolTimeoutMs, reply, turn } = options
  const { signal } = turn
  const described = describeTools(tools)
  for (let step = 1; ; step++) {
    const steps = reply.messages()
    const { contextWith, ...shared } = turn
    const context = (wanted: SessionContextOptions) => contextWith(wanted, steps)
    const asked = answerOf(respond({ ...shared, steps, tools: described, context }))
    const { answer } = await stoppable(asked, signal).catch((error: unknown) => {
      // A stream that comes when the turn has ended would go on for nobody.
      if (signal.aborted)
        asked.then(
          ({ answer: late }) => letGo(late),
          () => {},
        )
      throw error
    })
    // Of this answer alone: the one before may have been cut off.
    reply.finishReason = undefined
    await eachPart(answer, signal, take)
    if (end !== undefined) await stoppable(end(), signal)
    const cut = reply.finishReason === 'length' ? reply.openCalls().at(-1) : undefined
    const open = reply.openCalls()
    const calls = open.filter(({ toolName, isAsked }) => Object.hasOwn(tools, toolName) && isAsked !== true)
    if (calls.length === 0) return
    if (step >= maxSteps) {
      throw new SessionError('limit_reached', `The model called tools in ${maxSteps} steps in a row.`, {
        path: 'maxSteps',
      })
    }
    const results: (TurnPart | undefined)[] = []
    const running = inParallel(calls, callsAtOnce, async (call, index) => {
      signal.throwIfAborted()
      results[index] = await runTool(call, tools[call.toolName]!, options, call === cut)
    })
    const stopped = await stoppable(running, signal).then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    // What a tool has done stays done when the turn is stopped, so the model must not take it for undone.
    const late = AbortSignal.timeout(toolTimeoutMs)
    for (const result of results) {
      if (result === undefined) continue
      await pause()
      const taking = take(result)
      if (taking !== undefined) await stoppable(taking, late)
    }
    if (stopped !== undefined) throw stopped.error
    signal.throwIfAborted()
    // The model has to hear of all of them at once.
    if (calls.length < open.length) return
    await pause()
  }
}

/** The result of a tool; undefined when the turn was stopped before the tool had one. */
async function runTool<Handle extends TurnHandle>(
  call: OpenCall,
  tool: ToolOf<Handle>,
  { turn, toolTimeoutMs, warn }: ResponderOptions<Handle>,
  isLastOfCut: boolean,
): Promise<TurnPart | undefined> {
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
    if (isLastOfCut && isUnfinished(call.input)) throw new Error(unfinished)
    // The log keeps what the model has said, whatever a tool makes of it.
    const input = checkedInput(tool, copyJson(call.input))
    const context = { session, cart, state, preferences, identity, fence, signal, toolCallId }
    const output = await stoppable(Promise.resolve(tool.execute(input as never, context)), signal)
    // The tool has done its work: a result that JSON cannot hold is no failure.
    return result(toJson(output, 'output'), false)
  } catch (error) {
    if (turn.signal.aborted) return undefined
    warn({ code: 'tool_failed', message: `The tool ${toolName} failed.`, cause: error })
    if (timeout.aborted) return result(`The tool took longer than ${toolTimeoutMs} ms.`, true)
    return result(messageOf(error) ?? 'The tool failed.', true)
  }
}

const unfinished = 'The input is no whole JSON object: it was cut off. The tool has not run.'

/** Whether a call at the end of an answer may have no end: its arguments are no JSON, or there are none. */
function isUnfinished(input: JsonValue): boolean {
  return typeof input === 'string' || (isJsonObject(input) && Object.keys(input).length === 0)
}

/** @throws An error of the schema; what it says is the result. */
function checkedInput({ inputSchema }: Pick<ToolOf<TurnHandle>, 'inputSchema'>, input: JsonValue): unknown {
  // Schemas of zod and of zod/mini have this method, each with its own class of errors.
  if (inputSchema instanceof z.core.$ZodType) return (inputSchema as z.ZodMiniType).parse(input)
  // Arguments that are no JSON come as the text that they are; a tool that takes an object would take a part of it.
  if (typeof input === 'string' && inputSchema?.['type'] === 'object') throw new Error(unfinished)
  return input
}

function describeTools<Handle extends TurnHandle>(tools: ToolsOf<Handle>): ToolDescription[] {
  return Object.entries(tools).map(([name, { description, inputSchema }]) => {
    const json =
      inputSchema instanceof z.core.$ZodType ? z.toJSONSchema(inputSchema, { io: 'input' }) : inputSchema
    return {
      name,
      ...(description === undefined ? {} : { description }),
      ...(json === undefined ? {} : { inputSchema: json as JsonObject }),
    }
  })
}

// Messages of these errors were written for callers; those of other errors are for logs.
const tellable: ReadonlySet<SessionErrorCode> = new Set([
  'model_failed',
  'too_large',
  'limit_reached',
  'budget_exceeded',
  'redaction_failed',
])

/** The code and message of a failed answer for the caller: nothing from inside the server. */
export function failureOf(error: unknown): { code: SessionErrorCode; message: string } {
  const code = isSessionError(error) && tellable.has(error.code) ? error.code : undefined
  const message = code === undefined ? undefined : messageOf(error)
  if (code === undefined || message === undefined)
    return { code: 'model_failed', message: 'The model failed.' }
  return { code, message }
}
