import { SessionError } from '../errors.js'
import type { TurnAbortReason } from '../domain/events.js'
import type { LiveSession } from '../service/live-session.js'
import type { Message } from '../domain/message.js'
import { onAbort } from '../async/on-abort.js'
import type { TurnLease } from '../domain/session-body.js'
import type { SessionRef } from '../contract/session-record.js'
import type { Service } from '../service/service.js'
import { parseCount } from '../parse.js'
import { whileOpen } from '../session/still-open.js'
import { pause } from '../async/slices.js'
import { settleLost } from './lease.js'
import { withdrawn } from './stop.js'
import { isEnd, type TurnEnded, type TurnEvent, turnOf, type TurnStarted } from './event.js'
import type { TurnPart } from './part.js'
import { placeOfReply, readReplies } from './replies.js'
import { untoldParts } from './said-parts.js'
import { noUsage } from './usage.js'
import { askToStop, readTurnLog, sessionIdOf, type TurnLog } from './log.js'
import { isAlive, turnLogRef } from '../service/living-turn.js'
import { timerMs } from '../time.js'

/** A turn that runs in this process. */
export interface LocalTurn {
  readonly sessionId: string
  readonly log: TurnLog
  readonly stop: (reason: TurnAbortReason) => void
  /** Settles, and never rejects, when the session is free again. */
  readonly done: Promise<void>
}

const shortestPollMs = 20
const longestPollMs = 500

// Separate for each service, because two services of one process may have the same ids in different stores.
const localTurns = new WeakMap<Service, Map<string, LocalTurn>>()

/** The turns that run in this process, by tenant and turn. */
export function localTurnsOf(service: Service): Map<string, LocalTurn> {
  const known = localTurns.get(service)
  if (known !== undefined) return known
  const made = new Map<string, LocalTurn>()
  localTurns.set(service, made)
  return made
}

export function localKey(tenantId: string, turnId: string): string {
  return JSON.stringify([tenantId, turnId])
}

/** Stops the turns of sessions that are about to be removed, as far as they run in this process. */
export function stopLocalTurns(service: Service, tenantId: string, sessionIds: ReadonlySet<string>): void {
  for (const [key, turn] of localTurnsOf(service)) {
    const [tenant] = JSON.parse(key) as [string, string]
    if (tenant === tenantId && sessionIds.has(turn.sessionId)) turn.stop('cancelled')
  }
}

function localTurn(live: LiveSession, turnId: string): LocalTurn | undefined {
  return localTurnsOf(live.service).get(localKey(live.ref.tenantId, turnId))
}

/** Stops the turn that holds the session, if one does. @returns Its id. */
export async function cancelTurn(live: LiveSession): Promise<string | undefined> {
  const { turn } = (await live.load()).body
  if (turn !== undefined) await stopTurn(live, turn, 'cancelled')
  return turn?.id
}

/** Asks the turn that holds the session to stop, in any process; a turn whose process died is ended here. */
export async function stopTurn(live: LiveSession, lease: TurnLease, reason: TurnAbortReason): Promise<void> {
  const { service, ref } = live
  const local = localTurn(live, lease.id)
  if (local !== undefined) {
    local.stop(reason)
    return
  }
  // First whether it lives: to ask it is a write to its record, and would look like a sign of life.
  const logRef = turnLogRef(ref.tenantId, lease.id)
  const isAsked =
    (await isAlive(service, ref.tenantId, lease.id)) &&
    (await askToStop(service, logRef, reason, service.turns.keepMs))
  if (!isAsked) await settleLost(live, lease)
}

/** Whether a process still runs the turn that holds the session; if none does, the turn is ended here. */
export async function isHeld(live: LiveSession, lease: TurnLease): Promise<boolean> {
  if (localTurn(live, lease.id) !== undefined) return true
  if (await isAlive(live.service, live.ref.tenantId, lease.id)) return true
  await settleLost(live, lease)
  return false
}

/** Waits until no turn holds the session. False when one still does after `withinMs`. */
export async function waitForEnd(
  live: LiveSession,
  lease: TurnLease,
  withinMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = performance.now() + withinMs
  const local = localTurn(live, lease.id)
  if (local !== undefined) return withinTime(local.done, withinMs, signal)
  const checkMs = 3 * live.service.turns.heartbeatMs
  let checkAt = performance.now() + checkMs
  for (let waitMs = shortestPollMs; ; waitMs = Math.min(waitMs * 1.5, longestPollMs)) {
    const { body } = await live.load()
    if (body.turn?.id !== lease.id) return true
    const now = performance.now()
    if (now >= deadline) return false
    if (now >= checkAt) {
      if (!(await isHeld(live, lease))) return true
      checkAt = performance.now() + checkMs
    }
    await sleep(Math.min(waitMs, deadline - now), signal)
  }
}

/** The events of a turn, as `followTurn` gives them, while their reader may open the session. */
export async function* watchTurn(
  live: LiveSession,
  turnId: string,
  after: number,
): AsyncGenerator<TurnEvent, void, undefined> {
  await live.load()
  live.reuseRead()
  yield* whileOpen(live, followTurn(live, turnId, parseCount(after, 'after')))
}

/**
 * The events of a turn of this session after the event with the number `after`, as they come, to the end: from memory
 * when the turn runs here, else from the store.
 *
 * @throws `not_found` when the session has no such turn, or its events have expired; `invalid` for an id that is no text.
 */
export async function* followTurn(
  live: LiveSession,
  turnId: string,
  after = 0,
  known?: TurnStarted,
): AsyncGenerator<TurnEvent, void, undefined> {
  if (typeof turnId !== 'string')
    throw new SessionError('invalid', 'turnId must be a text', { path: 'turnId' })
  const local = localTurn(live, turnId)
  if (local?.sessionId === live.ref.id) {
    yield* local.log.read(after)
    return
  }
  const { service, ref } = live
  const logRef = turnLogRef(ref.tenantId, turnId)
  if ((await sessionIdOf(service, logRef)) !== ref.id) {
    throw new SessionError('not_found', 'There is no such turn.', { path: 'turnId' })
  }

  const checkMs = 3 * service.turns.heartbeatMs
  let started = known
  let seq = 0
  let n = after
  let checkAt = performance.now() + checkMs
  for (let waitMs = shortestPollMs; ;) {
    service.work.checkRunning()
    const page = await readTurnLog(service, logRef, seq)
    for (const event of page.events) {
      await pause()
      if (event.type === 'started') started = event
      if (event.n > n) {
        n = event.n
        yield event
      }
      if (isEnd(event)) return
    }
    if (page.seq > seq) {
      seq = page.seq
      waitMs = shortestPollMs
      continue
    }
    if (performance.now() >= checkAt) {
      const left = await endWithout(live, turnId, started)
      if (left !== undefined) {
        yield* left.filter((event) => event.n > n)
        return
      }
      checkAt = performance.now() + checkMs
    }
    await sleep(waitMs)
    waitMs = Math.min(waitMs * 1.5, longestPollMs)
  }
}

/** What the process of a turn could not tell: the rest of the answer, and the end. Undefined while it may still come. */
async function endWithout(
  live: LiveSession,
  turnId: string,
  started: TurnStarted | undefined,
): Promise<readonly TurnEvent[] | undefined> {
  const { service, ref } = live
  const { body } = await live.load()
  const wasHeld = body.turn?.id === turnId
  if (wasHeld && (await isHeld(live, body.turn))) return undefined
  // The process may have died before the first event, and then the turn's record does not say where its message is.
  const known = started === undefined ? undefined : { replyId: started.replyId, after: started.seq }
  const place = placeOfReply(body, turnId) ?? known
  const replies = place === undefined ? undefined : await readReplies(live, place)
  // Its process stores the last events after the reply, unless somebody else has stored that for it.
  const isLost = wasHeld || (replies !== undefined && turnOf(replies.at(-1)!).reason === 'lost')
  if (!isLost && (await isAlive(service, ref.tenantId, turnId))) return undefined
  const told = await readWholeLog(service, turnLogRef(ref.tenantId, turnId))
  const left: readonly (TurnPart | TurnEnded)[] =
    replies === undefined
      ? [{ type: 'aborted', from: 0, to: 0, usage: noUsage, reason: 'lost' }]
      : [...untoldParts(replies, told), endOf(replies)]
  return left.map((event, index) => ({ ...event, n: told.length + index + 1 }))
}

async function readWholeLog(service: Service, logRef: SessionRef): Promise<readonly TurnEvent[]> {
  const told: TurnEvent[] = []
  for (let seq = 0; ;) {
    const page = await readTurnLog(service, logRef, seq)
    if (page.seq === seq) return told
    for (const event of page.events) told.push(event)
    seq = page.seq
  }
}

/** The end event, from the stored replies. */
export function endOf(replies: readonly Message[]): TurnEnded {
  const reply = replies.at(-1)!
  const { usage, finishReason, code, error, reason } = turnOf(reply)
  // A reply that cannot be read does not tell how the turn ended.
  const type = reply.status === 'corrupt' ? 'aborted' : reply.status
  return {
    type,
    from: replies[0]!.seq,
    to: reply.seq,
    usage,
    ...(finishReason === undefined ? {} : { finishReason }),
    ...(code === undefined ? {} : { code }),
    ...(error === undefined ? {} : { message: error }),
    ...(reason === undefined ? {} : { reason }),
  }
}

/** Whether something is done within a time. @throws `turn_lost` when the signal is aborted. */
export async function withinTime(
  done: Promise<void>,
  withinMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const quit = new AbortController()
  const late = sleep(withinMs, AbortSignal.any([signal, quit.signal])).then(() => false)
  try {
    return await Promise.race([done.then(() => true), late])
  } finally {
    quit.abort()
    late.catch(() => {})
  }
}

/** @throws `turn_lost` when the signal is aborted, because the caller no longer waits. */
async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(withdrawn())
    }
    let letGo = (): void => {}
    const timer = setTimeout(() => {
      letGo()
      resolve()
    }, timerMs(ms))
    if (signal?.aborted === true) stop()
    else if (signal !== undefined) letGo = onAbort(signal, stop)
  })
}
