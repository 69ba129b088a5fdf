import type { SessionStore } from '../contract/session-store.js'
import { wrapStore } from './wrap-store.js'

/** Where a process dies: at the n-th call of its store, just before the call takes effect or just after. */
export interface CrashPoint {
  readonly call: number
  readonly when: 'before' | 'after'
}

/** A store whose process can be killed. */
export interface HaltingStore {
  readonly store: SessionStore
  /** Calls made so far. */
  readonly calls: () => number
  /** Kills the process now. */
  readonly kill: () => void
  /** Settles when the process has died. */
  readonly died: Promise<void>
}

/**
 * The store of a process that dies at a point: that call and every later one never answer, as after `kill -9`. The
 * store goes on for other processes.
 */
export function haltingStore(inner: SessionStore, point?: CrashPoint): HaltingStore {
  let calls = 0
  let dead = false
  let die = (): void => {}
  const died = new Promise<void>((resolve) => {
    die = resolve
  })
  const never = new Promise<never>(() => {})
  const halt = (): Promise<never> => {
    dead = true
    die()
    return never
  }
  const store = wrapStore(inner, async (_, call) => {
    if (dead) return never
    const isHere = ++calls === point?.call
    if (isHere && point?.when === 'before') return halt()
    const answer = await call()
    return isHere || dead ? halt() : answer
  })
  return { store, calls: () => calls, kill: () => void halt(), died }
}
