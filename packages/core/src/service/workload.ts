import { SessionError } from '../errors.js'

/**
 * The states of a service on its way to `closed`.
 *
 * - `open`: it takes every call.
 * - `closing`: it takes no request of the HTTP API, and waits for what ran when `close` was called.
 * - `draining`: it begins no turn and no background work, and waits for those that run.
 * - `finishing`: it takes no call, and waits for those that it took.
 * - `closed`: nothing runs.
 */
type Stage = 'open' | 'closing' | 'draining' | 'finishing' | 'closed'

/** All work of a service; it ends before the service is closed. */
export class Workload {
  #stage: Stage = 'open'
  #calls = new Set<Promise<unknown>>()
  #turns = new Set<Promise<unknown>>()
  readonly #background = new Map<string, Promise<void>>()
  readonly #endings = new Set<() => void>()
  #closing: Promise<void> | undefined

  /** False from when `close` is called. */
  get isOpen(): boolean {
    return this.#stage === 'open'
  }

  /** Makes a call. @throws `closed` */
  async call<T>(make: () => Promise<T>): Promise<T> {
    this.checkOpen()
    return tracked(this.#calls, make())
  }

  /** Begins a turn, which runs until its result has settled. @throws `closed` */
  async turn<T extends { readonly result: Promise<unknown> }>(begin: () => Promise<T>): Promise<T> {
    if (this.#stage !== 'open' && this.#stage !== 'closing') throw closed()
    const begun = begin()
    tracked(
      this.#turns,
      begun.then(({ result }) => result),
    ).catch(() => {})
    return begun
  }

  /** Answers a request of the HTTP API. @throws `closed` */
  async request<T>(answer: () => Promise<T>): Promise<T> {
    if (this.#stage !== 'open') throw closed()
    return tracked(this.#calls, answer())
  }

  /** Runs background work, unless work of that name runs already. The work must not reject. */
  background(name: string, work: () => Promise<void>): void {
    if (this.#background.has(name) || (this.#stage !== 'open' && this.#stage !== 'closing')) return
    const run = work().finally(() => this.#background.delete(name))
    this.#background.set(name, run)
  }

  /** Settles when the background work of that name has ended; undefined when there is none. */
  running(name: string): Promise<void> | undefined {
    return this.#background.get(name)
  }

  /** Runs when the service begins to close, unless what this gives back is called before. */
  onClose(end: () => void): () => void {
    this.#endings.add(end)
    return () => void this.#endings.delete(end)
  }

  /** Settles when no background work runs. */
  async settled(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background.values())
  }

  /** @throws `closed` when the service takes no calls any more. */
  checkOpen(): void {
    if (this.#stage === 'finishing' || this.#stage === 'closed') throw closed()
  }

  /** @throws `closed` when no work may run any more. */
  checkRunning(): void {
    if (this.#stage === 'closed') throw closed()
  }

  /** Waits for all running work, and takes no more. */
  async close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    // Running work may make calls and begin turns. The service cannot tell these from calls of other callers, so it
    // takes those too. But at first it does not wait for later work, because a caller that never stops calling would
    // keep it open.
    const running = [this.#calls, this.#turns]
    this.#calls = new Set()
    this.#turns = new Set()
    this.#stage = 'closing'
    for (const end of this.#endings) end()
    this.#endings.clear()
    for (const each of running) await ended(each)
    this.#stage = 'draining'
    await ended(this.#turns)
    await this.settled()
    this.#stage = 'finishing'
    await ended(this.#calls)
    this.#stage = 'closed'
  }
}

async function tracked<T>(running: Set<Promise<unknown>>, work: Promise<T>): Promise<T> {
  running.add(work)
  try {
    return await work
  } finally {
    running.delete(work)
  }
}

async function ended(running: ReadonlySet<Promise<unknown>>): Promise<void> {
  while (running.size > 0) await Promise.allSettled(running)
}

function closed(): SessionError {
  return new SessionError('closed', 'The service is closed: it takes no calls any more.')
}

/** What the background work is called that sums up a session. */
export function compactingOf({ tenantId, id }: { tenantId: string; id: string }): string {
  return JSON.stringify(['compact', tenantId, id])
}
