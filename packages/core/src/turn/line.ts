import type { LiveSession } from '../service/live-session.js'
import type { Service } from '../service/service.js'
import { localKey, withinTime } from './follow.js'
import { turnInProgress } from './lease.js'

// For each session of this process, when all messages that wait have been admitted: a later message waits for it.
const lines = new WeakMap<Service, Map<string, Promise<void>>>()

/**
 * Waits for earlier messages, so that messages are answered in the order in which they came to this process.
 *
 * @throws `turn_in_progress` when they are still waiting at the deadline; `turn_lost` when the signal is aborted.
 */
export async function standInLine(
  live: LiveSession,
  deadline: number,
  signal: AbortSignal,
): Promise<() => void> {
  const { service, ref } = live
  const line = lines.get(service) ?? new Map<string, Promise<void>>()
  lines.set(service, line)
  const key = localKey(ref.tenantId, ref.id)
  const before = line.get(key)
  let leave = (): void => {}
  const left = new Promise<void>((resolve) => (leave = resolve))
  // Who gives up lets nobody past the earlier ones.
  const all = Promise.all([before, left]).then(() => {
    if (line.get(key) === all) line.delete(key)
  })
  line.set(key, all)
  if (before === undefined) return leave
  try {
    if (!(await withinTime(before, deadline - performance.now(), signal))) throw turnInProgress()
  } catch (error) {
    leave()
    throw error
  }
  live.forgetRead()
  return leave
}
