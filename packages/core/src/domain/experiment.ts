import { digestOf } from '../digest.js'
import { SessionError } from '../errors.js'
import { fromBase64Url } from '../ids.js'
import { checkOptions } from '../options.js'

/** Whose arm is asked for. */
export interface ExperimentUnit {
  /** Its name. */
  readonly experiment: string
  /** The tenant. */
  readonly tenantId: string
  /** The session that asks. */
  readonly sessionId: string
  /** Its owner (absent when it has none). */
  readonly userId?: string | undefined
}

/** An experiment: sessions, or users, are divided among its arms. */
export interface ExperimentSettings {
  /** The arms, each with its weight: a share of all weights. */
  arms: Readonly<Record<string, number>>
  /** Whether all sessions of a user have one arm (default `user`); a session without a user has an arm of its own. */
  by?: 'user' | 'session'
  /** Another version divides anew, 1 to 100 characters (default `1`). */
  version?: string
  /**
   * Chooses the arm in place of the library, such as the SDK of a service for experiments: one of `arms`, or undefined to let the
   * library choose (default: the library chooses).
   */
  armOf?: (unit: ExperimentUnit) => Promise<string | undefined> | string | undefined
}

/** The arm of a session. */
export interface AssignedArm {
  readonly arm: string
  readonly version: string
}

const buckets = 10_000
const maxExperiments = 50
const maxArms = 20
const name = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,59}$/

/**
 * The arms of a session with one more. The session may be in experiments of other services, too, so what the options do not
 * have goes only where there are more than there may be, those first that were decided first.
 */
export function withArm(
  before: Readonly<Record<string, AssignedArm>>,
  [experiment, assigned]: readonly [experiment: string, assigned: AssignedArm],
  isListed: (experiment: string) => boolean,
): Readonly<Record<string, AssignedArm>> {
  let surplus = Object.keys(before).length + 1 - maxExperiments
  const others = Object.entries(before).filter(
    ([name]) => name !== experiment && (isListed(name) || surplus-- <= 0),
  )
  return Object.fromEntries([...others, [experiment, assigned]])
}

/** @throws `invalid` with the path of what is wrong */
export function checkExperiments(experiments: unknown): void {
  if (experiments === undefined) return
  const path = 'experiments'
  if (typeof experiments !== 'object' || experiments === null) throw invalid(path, 'must be an object')
  const all = Object.entries(experiments as Readonly<Record<string, ExperimentSettings>>)
  if (all.length > maxExperiments) throw invalid(path, `has more than ${maxExperiments} experiments`)
  for (const [experiment, settings] of all) checkExperiment(settings, experiment, `${path}.${experiment}`)
}

function checkExperiment(settings: ExperimentSettings, experiment: string, path: string): void {
  if (!name.test(experiment)) throw invalid(path, 'must be named by 1 to 60 of a-z A-Z 0-9 . _ -')
  const kinds = { arms: 'object', by: ['user', 'session'], version: 'text', armOf: 'function' } as const
  checkOptions<ExperimentSettings>(settings ?? {}, kinds, path)
  const { arms, version = '1' } = settings ?? {}
  const weights = Object.entries(arms ?? {})
  if (weights.length === 0 || weights.length > maxArms)
    throw invalid(`${path}.arms`, `must have 1 to ${maxArms} arms`)
  for (const [arm, weight] of weights) {
    if (!name.test(arm)) throw invalid(`${path}.arms.${arm}`, 'must be named by 1 to 60 of a-z A-Z 0-9 . _ -')
    if (typeof weight !== 'number' || !(weight >= 0) || !Number.isFinite(weight))
      throw invalid(`${path}.arms.${arm}`, 'must be a weight, 0 or more')
  }
  if (!(weights.reduce((sum, [, weight]) => sum + weight, 0) > 0))
    throw invalid(`${path}.arms`, 'must have a weight above 0')
  if (version.length < 1 || version.length > 100)
    throw invalid(`${path}.version`, 'must be 1 to 100 characters')
}

/** The arm of a unit: the same in every process, for as long as version, arms and weights are the same. */
export async function pickArm(
  { arms, by = 'user', version = '1' }: ExperimentSettings,
  { experiment, tenantId, sessionId, userId }: ExperimentUnit,
): Promise<string> {
  const isByUser = by === 'user' && userId !== undefined
  const unit = isByUser ? ['user', userId] : ['session', sessionId]
  const bucket = await bucketOf([experiment, version, tenantId, ...unit])
  const weights = Object.entries(arms)
  const sum = weights.reduce((all, [, weight]) => all + weight, 0)
  let upTo = 0
  for (const [arm, weight] of weights) {
    upTo += weight
    if (bucket < Math.round((upTo / sum) * buckets)) return arm
  }
  return weights.findLast(([, weight]) => weight > 0)![0]
}

/** 0 to 9,999. Each part has its length before it, so that no two lists of parts look the same. */
async function bucketOf(parts: readonly string[]): Promise<number> {
  const text = parts.map((part) => `${part.length}:${part}`).join('')
  const bytes = fromBase64Url(await digestOf(text))!
  const number = bytes.slice(0, 6).reduce((sum, byte) => sum * 256 + byte, 0)
  return number % buckets
}

function invalid(path: string, what: string): SessionError {
  return new SessionError('invalid', `${path} ${what}`, { path })
}
