import type { LiveSession } from './live-session.js'
import { repeatRemoval } from './unknown-outcome.js'

/** Removes the session of a handle from the store; false when it was removed already. */
export async function removeLive({ service, ref, guard }: LiveSession): Promise<boolean> {
  return (await repeatRemoval(() => service.store.remove(ref, guard))) !== false
}
