import type { CallerSessions } from '../../caller-sessions.js'
import type { SessionErrorCode } from '../../errors.js'
import type { Session } from '../../session.js'
import type { Sessions } from '../../sessions.js'

/** Whom a verb is called for: the user of a session with three messages and a cart. */
export interface VerbScene {
  readonly sessions: Sessions
  readonly mine: CallerSessions
  /** A handle that has read the session just now. */
  readonly session: Session
}

/** A verb that writes. */
export interface VerbCase {
  readonly verb: string
  /** Calls it. */
  readonly run: (scene: VerbScene) => Promise<unknown>
  /**
   * Whether who does not know what became of the call may make it once more; a code when it is refused with that where it
   * was done.
   */
  readonly repeats: boolean | SessionErrorCode
  /** Whether a part of it may be done when an answer was lost, which the same call completes (default false). */
  readonly hasParts?: boolean
  /** What it brings about beside what is seen of the caller's sessions. */
  readonly sees?: (scene: VerbScene) => Promise<unknown>
}

/**
 * A case of a verb that needs something to have happened.
 *
 * @param prepare Makes it happen, and gives what the verb is called with.
 */
export interface PreparedCase<Prepared> extends Pick<VerbCase, 'verb' | 'repeats' | 'hasParts'> {
  readonly prepare: (scene: VerbScene) => Promise<Prepared>
  readonly run: (scene: VerbScene, prepared: Prepared) => Promise<unknown>
  readonly sees?: (scene: VerbScene, prepared: Prepared) => Promise<unknown>
}

/** Makes a case for one place: what was prepared there goes with it. */
export type CaseMaker = {
  readonly verb: string
  readonly make: (scene: VerbScene) => Promise<VerbCase>
}

export function plain(one: VerbCase): CaseMaker {
  return { verb: one.verb, make: async () => one }
}

export function prepared<Prepared>({ prepare, run, sees, ...rest }: PreparedCase<Prepared>): CaseMaker {
  return {
    verb: rest.verb,
    async make(scene) {
      const made = await prepare(scene)
      return {
        ...rest,
        run: async (now) => run(now, made),
        ...(sees === undefined ? {} : { sees: async (now: VerbScene) => sees(now, made) }),
      }
    },
  }
}
