import { isSessionError, SessionError } from '../errors.js'
import { pause } from '../async/slices.js'
import { stoppable } from '../async/stoppable.js'
import { ModelStream } from './model-stream.js'
import type { TurnPart } from './part.js'
import { RunnerResults } from './runner-results.js'

export type Take = (part: TurnPart) => void | Promise<void>
type Pieces = AsyncIterable<unknown> | Iterable<unknown>

/** Takes the parts of an answer as they come. @throws what the answer throws, and `invalid` for what is none. */
export async function eachPart(answer: unknown, signal: AbortSignal, take: Take): Promise<void> {
  const stream = new ModelStream()
  let results = new RunnerResults(answer)
  const took = async (part: TurnPart): Promise<void> => {
    if (saysNothing(part)) return
    results.saw(part)
    const taking = take(part)
    if (taking !== undefined) await stoppable(taking, signal)
  }
  const tellResults = async (): Promise<void> => {
    for (const result of results.next()) for (const part of partsOf(stream, result)) await took(part)
  }
  const read = async (value: unknown): Promise<void> => {
    await tellResults()
    // A runner of tools gives a stream for each answer of its model; and what wraps a respond yields all that it gives.
    const within = typeof value === 'object' && value !== null ? piecesWithin(value) : undefined
    if (within !== undefined) await readWithin(value, within)
    else for (const part of partsOf(stream, value)) await took(part)
  }
  const readWithin = async (value: unknown, within: Pieces): Promise<void> => {
    const around = results
    // A runner has the results of its streams, and only once it goes on.
    if (around.isRunner) return eachPiece(within, signal, read)
    results = new RunnerResults(value)
    await eachPiece(within, signal, read)
    await tellResults()
    results = around
  }
  const pieces = iterableIn(answer)
  try {
    if (pieces !== undefined) await eachPiece(pieces, signal, read)
    else if (typeof answer === 'string' || (typeof answer === 'object' && answer !== null)) await read(answer)
    else throw new SessionError('invalid', 'respond gave neither text nor parts', { path: 'respond' })
    for (const part of stream.end()) await took(part)
    await tellResults()
  } catch (error) {
    // What is redacted is waited for where the turn ends.
    for (const part of leftOf(stream)) {
      const taking = take(part)
      if (taking !== undefined) taking.catch(() => {})
    }
    throw error
  }
}

/** Whether it is a text of which nothing is there yet: its place is where its first words are. */
function saysNothing(part: TurnPart): boolean {
  const { type, text, id, ...others } = part as { type: string; text?: string; id?: string }
  const isText = type === 'text' || type === 'reasoning'
  return isText && text === '' && id !== undefined && Object.keys(others).length === 0
}

function leftOf(stream: ModelStream): TurnPart[] {
  try {
    return stream.left()
  } catch {
    // The answer failed already, and what it says of its usage may be no usage.
    return []
  }
}

async function eachPiece(
  pieces: Pieces,
  signal: AbortSignal,
  read: (value: unknown) => Promise<void>,
): Promise<void> {
  const iterator = Symbol.asyncIterator in pieces ? pieces[Symbol.asyncIterator]() : pieces[Symbol.iterator]()
  let finished = false
  try {
    for (;;) {
      const next = await stoppable(Promise.resolve(iterator.next()), signal)
      if (typeof next !== 'object' || next === null) {
        throw new SessionError('invalid', 'respond gave an iterator whose next gives no object', {
          path: 'respond',
        })
      }
      if (next.done === true) {
        finished = true
        return
      }
      await read(next.value)
      // Pieces that are there already wait for nobody, and an answer may have no end.
      await pause()
    }
  } finally {
    if (!finished) {
      abort(pieces)
      // Not awaited: an answer that hangs must not keep its session.
      try {
        void Promise.resolve(iterator.return?.()).catch(() => {})
      } catch {
        // The iterator is not used again in any case.
      }
    }
  }
}

/** Ends an answer that nobody reads. */
export function letGo(answer: unknown): void {
  const pieces = iterableIn(answer)
  if (pieces !== undefined) abort(pieces)
}

/** Ends the request of a stream of an SDK: an iterator alone ends only when its next piece has come. */
function abort(pieces: object): void {
  const stream = pieces as { controller?: unknown; abort?: unknown }
  try {
    if (stream.controller instanceof AbortController) stream.controller.abort()
    else if (typeof stream.abort === 'function') stream.abort()
  } catch {
    // The stream is not used again in any case.
  }
}

function iterableIn(answer: unknown): Pieces | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined
  if (isIterable(answer)) return answer
  if ((answer as { type?: unknown }).type !== undefined) return undefined
  // The results of `streamText`, and of Bedrock's ConverseStream. One stream alone is asked for: each may be a reader of
  // its own, for whom the SDK keeps the answer, and some results have only one.
  const { fullStream } = answer as { fullStream?: unknown }
  if (isIterable(fullStream)) return fullStream
  const { stream } = answer as { stream?: unknown }
  return isIterable(stream) ? stream : undefined
}

/** What a piece of an answer has further pieces in; an event of a provider may have lists under any name. */
function piecesWithin(piece: object): Pieces | undefined {
  const pieces = iterableIn(piece)
  if (pieces === undefined || pieces === piece) return pieces
  return Symbol.asyncIterator in pieces ? pieces : undefined
}

/** Waits for an answer; but what tells it piece by piece is no promise, though it is one of its last piece. */
export async function answerOf<Answer>(
  given: Answer | Promise<Answer>,
): Promise<{ readonly answer: Answer }> {
  return { answer: isIterable(given) ? (given as Answer) : await given }
}

function isIterable(value: unknown): value is Pieces {
  if (typeof value !== 'object' || value === null) return false
  return Symbol.asyncIterator in value || Symbol.iterator in value
}

const expected =
  "Give texts, parts such as { type: 'text', text }, or the stream of an SDK that docs/turns.md names"

// What SDKs give when an answer is over: OpenAI Agents, `runTools` of OpenAI, and `generateText`.
const ofRuns: readonly string[] = ['rawResponses', 'finalChatCompletion', 'toolCalls']

/** Such an object tells the last text alone, or nothing, without the calls and what was used. */
function refuseRun(value: unknown): void {
  if (typeof value !== 'object' || value === null || 'type' in value) return
  if (!ofRuns.some((name) => name in value)) return
  throw new SessionError('invalid', 'it is what an SDK gives of a run that it does not stream', {
    path: 'part',
  })
}

/** The warning must name the wrong part, but must not contain its text. */
function partsOf(stream: ModelStream, value: unknown): TurnPart[] {
  try {
    refuseRun(value)
    return stream.read(value)
  } catch (error) {
    if (!isSessionError(error, 'invalid')) throw error
    const fields = typeof value === 'object' && value !== null ? Object.keys(value).slice(0, 20) : []
    const { type } = fields.length === 0 ? {} : (value as { type?: unknown })
    const named =
      typeof type === 'string' ? `a part of the type ${type.slice(0, 100)}` : `a part (${typeof value})`
    const having = fields.length === 0 ? '' : ` with the fields ${fields.join(', ').slice(0, 300)}`
    const instead = /^part(\.type|\.text)?$/.test(error.path ?? '') ? `. ${expected}` : ''
    throw new SessionError('invalid', `respond gave ${named}${having}: ${error.message}${instead}`, {
      cause: error,
      ...(error.path === undefined ? {} : { path: error.path }),
    })
  }
}
