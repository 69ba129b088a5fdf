import type { LiveSession } from './live-session.js'
import { UnknownOutcomes } from './unknown-outcome.js'

/** Removes the session of a handle from the store; false when it was removed already. */
export async function removeLive({ service, ref, guard }: LiveSession): Promise<boolean> {
  const lost = new UnknownOutcomes()
  for (;;) {
    try {
      return (await service.store.remove(ref, guard)) || lost.any
    } catch (error) {
      if (!lost.mayRepeat(error)) throw lost.told(error)
    }
  }
}
