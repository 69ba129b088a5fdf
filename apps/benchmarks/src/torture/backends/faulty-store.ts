import { SessionError, type SessionStore } from '@sessions/core/store'
import type { Random } from '../random.js'

/** The faults of a store in memory, as if there were a network. */
export interface FaultyStore {
  readonly store: SessionStore
  /** How often each fault struck. */
  readonly struck: Record<MemoryFault, number>
  /** Settles when no delayed write remains. */
  settled(): Promise<void>
}

type MemoryFault = 'unavailable' | 'lost request' | 'lost reply' | 'late write' | 'delay'

const weights: Record<MemoryFault | 'none', number> = {
  none: 86,
  delay: 8,
  unavailable: 2,
  'lost request': 1.5,
  'lost reply': 1.5,
  'late write': 1,
}

/** The store behind a network that fails at random: before a call, after it, and long after it. */
export function faultyStore(inner: SessionStore, random: Random): FaultyStore {
  const struck = { unavailable: 0, 'lost request': 0, 'lost reply': 0, 'late write': 0, delay: 0 }
  const late = new Set<Promise<unknown>>()

  async function read<T>(work: () => Promise<T>): Promise<T> {
    await sleep(random.int(0, 2))
    const fault = random.weighted(weights)
    if (fault === 'none') return work()
    if (fault === 'delay') {
      struck.delay++
      await sleep(random.int(1, 20))
      return work()
    }
    struck.unavailable++
    throw new SessionError('unavailable', 'injected: not reached')
  }

  async function write<T>(work: () => Promise<T>): Promise<T> {
    await sleep(random.int(0, 2))
    const fault = random.weighted(weights)
    if (fault === 'none') return work()
    struck[fault]++
    if (fault === 'unavailable') throw new SessionError('unavailable', 'injected: not reached')
    if (fault === 'delay') {
      await sleep(random.int(1, 20))
      const value = await work()
      await sleep(random.int(1, 20))
      return value
    }
    // The result of the write is lost with the reply.
    if (fault === 'lost reply') await work().catch(() => undefined)
    if (fault === 'late write') {
      const arrival = sleep(random.int(1, 40)).then(work)
      const done = arrival.catch(() => undefined).finally(() => late.delete(done))
      late.add(done)
    }
    throw new SessionError('unknown_outcome', `injected: ${fault}`)
  }

  return {
    struck,
    async settled() {
      while (late.size > 0) await Promise.all(late)
    },
    store: {
      read: (...args) => read(() => inner.read(...args)),
      messages: (...args) => read(() => inner.messages(...args)),
      list: (...args) => read(() => inner.list(...args)),
      commit: (...args) => write(() => inner.commit(...args)),
      amend: (...args) => write(() => inner.amend(...args)),
      trim: (...args) => write(() => inner.trim(...args)),
      remove: (...args) => write(() => inner.remove(...args)),
      sweep: (...args) => write(() => inner.sweep(...args)),
      restore: (...args) => write(() => inner.restore(...args)),
    },
  }
}

function sleep(ms: number): Promise<void> {
  return ms === 0
    ? new Promise((resolve) => setImmediate(resolve))
    : new Promise((resolve) => setTimeout(resolve, ms))
}
