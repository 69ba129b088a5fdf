import type { TurnAbortReason } from '../domain/events.js'
import type { MessageInput } from '../domain/message.js'
import type { TurnEvent, TurnResult, TurnStarted } from './event.js'
import type { RespondOf, TurnHandle } from './responder.js'
import { checkOptions, type OptionNames } from '../options.js'
import { isSessionError, SessionError } from '../errors.js'
import { parseCount } from '../parse.js'
import type { OngoingTurn, TurnInput, TurnOptionsOf, TurnSurroundings } from './request.js'

/**
 * One user input and all that answers it. It runs from the moment it is made, whether or not its events are read, and
 * its answer is stored: read the events as they come, or await the result.
 */
export class Turn implements AsyncIterable<TurnEvent> {
  readonly #ongoing: Promise<OngoingTurn>
  readonly #takeBack: () => void
  #mayWait = true
  /**
   * How it ended: `completed`, `failed` or `aborted`, with the stored messages.
   *
   * Rejects when it never began (`turn_in_progress`, `limit_reached`, `budget_exceeded`, `invalid`, `not_found`,
   * `key_reused`) or its end could not be stored (`turn_lost`, `not_found`, `unavailable`).
   */
  readonly result: Promise<TurnResult>
  /** Resolves when the user's message is stored. Rejects when the turn never began. */
  readonly started: Promise<TurnStarted>

  /** @internal Made by `session.turn()`. */
  constructor(ongoing: Promise<OngoingTurn>, takeBack: () => void) {
    this.#ongoing = ongoing
    this.#takeBack = takeBack
    this.result = ongoing.then(({ result }) => result)
    this.started = ongoing.then(({ started }) => {
      this.#mayWait = false
      return started
    })
    // A turn may be started and left alone: without a reader, its rejections must not end the process.
    this.result.catch(() => {})
    this.started.catch(() => {})
  }

  /** Its events from the first one, so that `for await` reads the turn itself. */
  [Symbol.asyncIterator](): AsyncIterator<TurnEvent, void, undefined> {
    return this.events()
  }

  /** Its events after the event with the number `after`, as they come, to the end. May be read more than once. */
  async *events(after = 0): AsyncGenerator<TurnEvent, void, undefined> {
    const ongoing = await this.#ongoing
    yield* ongoing.events(parseCount(after, 'after'))
  }

  /**
   * Stops it; the answer so far is kept as an `aborted` reply. A message that waits for another turn is taken back, and
   * stored nowhere. Does nothing once it has ended.
   */
  async cancel(reason: TurnAbortReason = 'cancelled'): Promise<void> {
    const mayWait = this.#mayWait && reason === 'cancelled'
    if (mayWait) this.#takeBack()
    try {
      const ongoing = await this.#ongoing
      await ongoing.stop(reason)
    } catch (error) {
      if (!mayWait || !isSessionError(error, 'turn_lost')) throw error
    }
  }

  /** True when this call did not call the model: a repeat, which follows or replays the first, or a reused answer. */
  async isRepeat(): Promise<boolean> {
    return (await this.#ongoing).isRepeat
  }
}

/** Begins a turn in a session. */
export function startTurn<Handle extends TurnHandle>(
  surroundings: TurnSurroundings<Handle>,
  input: TurnInput | undefined,
  respond: RespondOf<Handle>,
  options: TurnOptionsOf<Handle>,
): Turn {
  const taken = new AbortController()
  const begin = async () => {
    checkOptions(options, turnNames)
    checkOptions(options.reuse, { ttlMs: 'number' }, 'reuse')
    // In JavaScript: the message would be stored, and the turn would fail.
    if (typeof respond !== 'function')
      throw new SessionError('invalid', 'respond must be a function', { path: 'respond' })
    const message = toMessage(input)
    const { beginTurn, checkTools, TurnStop } = await import('../later/turns.js')
    checkTools(options.tools)
    const stop = new TurnStop(options.signal)
    taken.signal.addEventListener('abort', () => stop.stop('cancelled'))
    if (taken.signal.aborted) stop.stop('cancelled')
    try {
      const ongoing = await beginTurn(surroundings, { ...options, signal: stop.signal, respond, message })
      void ongoing.result.catch(() => {}).then(() => stop.end())
      return ongoing
    } catch (error) {
      stop.end()
      throw error
    }
  }
  return new Turn(surroundings.live.service.work.turn(begin), () => taken.abort())
}

const turnNames: OptionNames<TurnOptionsOf<TurnHandle>> = {
  key: 'text',
  policy: ['reject', 'queue', 'interrupt'],
  tools: 'object',
  options: 'object',
  signal: 'signal',
  reuse: 'object',
  from: 'number',
  ifRevision: 'number',
}

// Of those that a message may have.
const notAnswered: ReadonlySet<string> = new Set(['assistant', 'system'])

function toMessage(input: TurnInput | undefined): MessageInput | undefined {
  if (typeof input === 'string') return { role: 'user', content: input }
  // Other values are refused together with the other errors of a message.
  if (typeof input !== 'object' || input === null) return input
  const { role = 'user' } = input
  if (notAnswered.has(role)) {
    throw new SessionError('invalid', `role: a turn answers a user or a tool, not ${role}`, { path: 'role' })
  }
  return { ...input, role }
}
