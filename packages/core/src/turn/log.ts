import { isSessionError } from '../errors.js'
import type { TurnAbortReason } from '../domain/events.js'
import { readSideRecord, sideRecordLabel, updateSideRecord } from '../service/side-records.js'
import type { Service } from '../service/service.js'
import { repeatUnknown } from '../service/unknown-outcome.js'
import type { SessionRecord, SessionRef } from '../contract/session-record.js'
import { type TurnEvent, isEnd } from './event.js'
import { mapInSlices, pause } from '../async/slices.js'

type Unnumbered<Event> = Event extends { n: number } ? Omit<Event, 'n'> : never

/** The fields of a turn's record, in addition to its events. */
interface TurnRecord {
  readonly sessionId: string
  /** Why a caller wants the turn to stop. */
  readonly stop?: TurnAbortReason
}

/** Timing of a turn's events; all in milliseconds. */
export interface TurnLogTimes {
  readonly flushMs: number
  readonly heartbeatMs: number
  readonly keepMs: number
}

/** The events of a turn of this process: in memory for readers in this process, in the store for all others. */
export class TurnLog {
  readonly #service: Service
  readonly #ref: SessionRef
  readonly #times: TurnLogTimes
  readonly #onStop: (reason: TurnAbortReason) => void
  readonly #events: TurnEvent[] = []
  #stored = 0
  /** The write that is being stored; until it has certainly succeeded, the same write is sent again. */
  #batch: readonly TurnEvent[] = []
  #lastCommitAt = 0
  #ended = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #writing: Promise<void> = Promise.resolve()
  #wake = (): void => {}
  #pushed: Promise<void>

  /** @param onStop Called, once or more, when another process wants the turn to stop, or its record is gone. */
  constructor(
    service: Service,
    ref: SessionRef,
    times: TurnLogTimes,
    onStop: (reason: TurnAbortReason) => void,
  ) {
    this.#service = service
    this.#ref = ref
    this.#times = times
    this.#onStop = onStop
    this.#pushed = this.#nextPush()
  }

  /** Stores the record, which must exist before the session names the turn. */
  async create(session: SessionRecord): Promise<void> {
    const made = (before: TurnRecord | undefined) =>
      before === undefined ? { sessionId: session.id } : undefined
    await updateSideRecord<TurnRecord>(this.#service, this.#ref, made, {
      // The id is new.
      seen: 'none',
      idleMs: this.#times.keepMs,
      label: sideRecordLabel('turns', session),
      ...(session.userId === undefined ? {} : { userId: session.userId }),
    })
    this.#lastCommitAt = performance.now()
    this.#timer = setTimeout(() => this.#tick(), this.#times.flushMs)
  }

  push(event: Unnumbered<TurnEvent>): void {
    if (this.#ended) return
    const numbered = { n: this.#events.length + 1, ...event } as TurnEvent
    this.#events.push(numbered)
    this.#ended = isEnd(numbered)
    const wake = this.#wake
    this.#pushed = this.#nextPush()
    wake()
  }

  /** Stores the remaining events. A failure is ignored: the reply itself is in the session. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#write()
    if (this.#stored < this.#events.length) await this.#write()
  }

  /** Removes the record of a turn that never began. */
  async discard(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#writing
    await this.#service.store.remove(this.#ref).catch(() => false)
  }

  /**
   * The events after the event with the number `after`, as they come, to the end. Any number of readers may read at
   * once.
   */
  async *read(after = 0): AsyncGenerator<TurnEvent, void, undefined> {
    for (let next = after; ;) {
      const pushed = this.#pushed
      while (next < this.#events.length) {
        const event = this.#events[next++]!
        await pause()
        yield event
        if (isEnd(event)) return
      }
      if (this.#ended) return
      await pushed
    }
  }

  #nextPush(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #tick(): void {
    const due = performance.now() - this.#lastCommitAt >= this.#times.heartbeatMs
    const written = due || this.#stored < this.#events.length ? this.#write() : Promise.resolve()
    void written.then(() => {
      if (!this.#ended) this.#timer = setTimeout(() => this.#tick(), this.#times.flushMs)
    })
  }

  /** One write after another, each with all events that came meanwhile. */
  async #write(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      if (this.#batch.length === 0) this.#batch = this.#events.slice(this.#stored)
      const batch = this.#batch
      const first = batch[0]
      const messages = first === undefined ? [] : [{ id: String(first.n), payload: JSON.stringify(batch) }]
      try {
        const change = { idleMs: this.#times.keepMs, messages }
        // The message ids make a repeat harmless.
        const { record } = await repeatUnknown(() => this.#service.store.commit(this.#ref, change))
        this.#stored += batch.length
        this.#batch = []
        this.#lastCommitAt = performance.now()
        if (record.revision > 1 && !this.#ended) this.#onStop(await stopReason(this.#service, this.#ref))
      } catch (error) {
        // Other errors pass, or the turn's last write, which is fenced, finds the problem.
        if (isSessionError(error, 'not_found') && !this.#ended) this.#onStop('lost')
      }
    })
    await this.#writing
  }
}

/** The stored events of a turn after a place in its record, and the new place; for a turn of any process. */
export async function readTurnLog(
  service: Service,
  ref: SessionRef,
  afterSeq: number,
): Promise<{ events: TurnEvent[]; seq: number }> {
  const { messages } = await service.store.messages(ref, { after: afterSeq, limit: 200 })
  const events = await mapInSlices(messages, ({ payload }) => JSON.parse(payload) as TurnEvent[])
  return {
    events: events.flat(),
    seq: messages.at(-1)?.seq ?? afterSeq,
  }
}

/** Asks a turn, in any process, to stop. False when there is no record to write to. */
export async function askToStop(
  service: Service,
  ref: SessionRef,
  reason: TurnAbortReason,
  keepMs: number,
): Promise<boolean> {
  let isThere = false
  const ask = (before: TurnRecord | undefined): TurnRecord | undefined => {
    isThere = before !== undefined
    return before === undefined || before.stop !== undefined ? undefined : { ...before, stop: reason }
  }
  await updateSideRecord<TurnRecord>(service, ref, ask, { idleMs: keepMs })
  return isThere
}

/** The session of a turn; undefined when the turn has no record. */
export async function sessionIdOf(service: Service, ref: SessionRef): Promise<string | undefined> {
  return (await readSideRecord<TurnRecord>(service, ref))?.value.sessionId
}

async function stopReason(service: Service, ref: SessionRef): Promise<TurnAbortReason> {
  return (await readSideRecord<TurnRecord>(service, ref))?.value.stop ?? 'lost'
}
