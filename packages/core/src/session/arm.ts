import { type AssignedArm, type ExperimentUnit, pickArm, withArm } from '../domain/experiment.js'
import type { SessionBody } from '../domain/session-body.js'
import { SessionError } from '../errors.js'
import type { LiveSession } from '../service/live-session.js'

/**
 * The arm of a session in an experiment. It is decided once, stored with the session, and told by the event
 * `experiment.assigned`.
 *
 * @throws `invalid` for an experiment that there is not, or an arm of `armOf` that there is not
 */
export async function armOf(live: LiveSession, experiment: string): Promise<string> {
  const { experiments } = live.service
  const settings = Object.hasOwn(experiments, experiment) ? experiments[experiment] : undefined
  if (settings === undefined)
    throw new SessionError('invalid', 'There is no such experiment among the options of the service.', {
      path: 'experiment',
    })
  const { version = '1', arms } = settings
  const known = ({ arms: assigned }: SessionBody): AssignedArm | undefined => {
    const arm = assigned?.[experiment]
    return arm?.version === version && Object.hasOwn(arms, arm.arm) ? arm : undefined
  }
  const before = known((await live.show()).body)
  if (before !== undefined) return before.arm
  const { tenantId, id: sessionId, userId } = live.record
  const unit: ExperimentUnit = {
    experiment,
    tenantId,
    sessionId,
    ...(userId === undefined ? {} : { userId }),
  }
  const arm = (await settings.armOf?.(unit)) ?? (await pickArm(settings, unit))
  if (!Object.hasOwn(arms, arm)) {
    const path = `experiments.${experiment}.armOf`
    throw new SessionError('invalid', `${path} chose an arm that there is not`, { path })
  }
  let isNew = false
  const { body, record } = await live.update((seen) => {
    isNew = known(seen) === undefined
    if (!isNew) return seen
    const isListed = (name: string): boolean => Object.hasOwn(experiments, name)
    return { ...seen, arms: withArm(seen.arms ?? {}, [experiment, { arm, version }], isListed) }
  })
  // Another process may have been faster, with another answer of `armOf`.
  const chosen = known(body)!.arm
  if (isNew) live.emit('experiment.assigned', record, { experiment, arm: chosen, version })
  return chosen
}
