import { createSessions, isSessionError, type Session, type SessionStore, type Turn } from '@sessions/core'
import fc from 'fast-check'
import { Planned, toRespond } from './answer.js'
import { Finding } from './finding.js'
import type { Scene } from './scene.js'
import { anything, mostly } from './values.js'
import {
  callerConsentVerbs,
  callerVerbs,
  cartVerbs,
  consentVerbs,
  preferenceVerbs,
  privacyVerbs,
  serviceVerbs,
  memoryVerbs,
  sessionVerbs,
  stateVerbs,
} from './verbs.js'

const handles = {
  session: sessionVerbs,
  cart: cartVerbs,
  state: stateVerbs,
  preferences: preferenceVerbs,
  mine: callerVerbs,
  service: serviceVerbs,
  privacy: privacyVerbs,
  consents: consentVerbs,
  consent: callerConsentVerbs,
  memory: memoryVerbs,
} as const
type HandleName = keyof typeof handles

/** One call of a verb as data, with placeholders where the run knows more. */
export interface FuzzedCall {
  readonly on: HandleName
  /** Whose handle it is: of a session that is stored, of a guest's, or of one that is stored with its first write. */
  readonly of: 'session' | 'guest' | 'draft'
  readonly verb: string
  readonly args: readonly unknown[]
  /** What is asked of a turn beside its result. */
  readonly turn: { readonly eventsAfter: unknown; readonly cancels: boolean }
}

const weights: Readonly<Record<HandleName, number>> = {
  session: 10,
  cart: 3,
  state: 2,
  preferences: 1,
  mine: 5,
  service: 1,
  privacy: 1,
  consents: 1,
  memory: 1,
  consent: 1,
}

/** Calls of every public verb. */
export const calls: fc.Arbitrary<FuzzedCall> = fc.oneof(
  ...(Object.keys(handles) as HandleName[]).map((on) => {
    const verbs = handles[on] as Readonly<Record<string, fc.Arbitrary<readonly unknown[]>>>
    const ofEach = Object.keys(verbs).map((verb) => ({
      weight: verb === 'turn' || verb === 'context' ? 6 : 1,
      arbitrary: fc.record({
        on: fc.constant(on),
        of: fc.constantFrom('session' as const, 'session' as const, 'guest' as const, 'draft' as const),
        verb: fc.constant(verb),
        args: verbs[verb]!,
        turn: fc.record({ eventsAfter: mostly(fc.nat({ max: 5 }), anything, 12), cancels: fc.boolean() }),
      }),
    }))
    return { weight: weights[on], arbitrary: fc.oneof(...ofEach) }
  }),
)

/** What became of a call: the code it was refused with, if it was. */
export type Called = { readonly refused: string } | { readonly refused: undefined }

/** Makes a call, and reads what it gives back to its end. @throws `Finding` when it is refused as no call may be. */
export async function call(store: SessionStore, scene: Scene, fuzzed: FuzzedCall): Promise<Called> {
  try {
    await make(store, scene, fuzzed)
    return { refused: undefined }
  } catch (error) {
    return { refused: refusalOf(error, `${fuzzed.on}.${fuzzed.verb}`) }
  }
}

/** @throws `Finding` for what is no refusal. */
export function refusalOf(error: unknown, what: string): string {
  if (error instanceof Planned) return 'planned'
  if (error instanceof Finding) throw error
  if (!isSessionError(error) || error.code === 'store_failed' || error.code === 'corrupt') {
    const stack = error instanceof Error ? error.stack : String(error)
    const cause =
      error instanceof Error && error.cause instanceof Error ? `\ncause: ${error.cause.stack}` : ''
    throw new Finding(`${what} rejects with ${stack}${cause}`, { cause: error })
  }
  return error.code
}

async function make(store: SessionStore, scene: Scene, fuzzed: FuzzedCall): Promise<void> {
  const { on, verb } = fuzzed
  if (on === 'service' || on === 'privacy' || on === 'consents') return ofService(store, scene, fuzzed)
  const of = fuzzed.of === 'draft' ? scene.mine.draft() : scene[fuzzed.of]
  const handle =
    on === 'mine' ? scene.mine : on === 'memory' ? scene.mine.memory : on === 'session' ? of : of[on]
  const given = argumentsOf(scene, fuzzed, of)
  const method = (handle as unknown as Record<string, (...args: unknown[]) => unknown>)[verb]!
  const made = method.apply(handle, given)
  if (verb === 'turn') return readTurn(made as Turn, fuzzed)
  const value = await made
  if (typeof value === 'object' && value !== null && Symbol.asyncIterator in value) {
    // What is watched has no end of its own: what it says first is enough.
    for await (const _ of value as AsyncIterable<unknown>) break
  }
}

/** A service of its own, for it may be closed. */
async function ofService(store: SessionStore, scene: Scene, { on, verb, args }: FuzzedCall): Promise<void> {
  const credentialSecrets = ['a secret of the fuzzed services alone']
  const service = createSessions({ store, credentialSecrets, consent: {}, onWarning: () => {} })
  const handle = on === 'privacy' ? service.privacy : on === 'consents' ? service.consent : service
  const method = (handle as unknown as Record<string, (...args: unknown[]) => unknown>)[verb]!
  await method.apply(handle, scene.filled([...args]))
  await service.close()
}

function argumentsOf(scene: Scene, { verb, args }: FuzzedCall, of: Session): unknown[] {
  const given = scene.filled([...args]).map((each) => (each === '«source»' ? of : each))
  if (verb === 'redeem' && typeof given[0] === 'object' && given[0] !== null && 'holding' in given[0]) {
    if (given[0].holding === '«holding»') given[0] = { ...given[0], holding: of }
  }
  if (verb !== 'turn') return given
  const hook = given[1]
  const isAnswer = typeof hook === 'object' && hook !== null && ('answer' in hook || 'hook' in hook)
  if (isAnswer) given[1] = toRespond(hook as never)
  return given
}

async function readTurn(turn: Turn, fuzzed: FuzzedCall): Promise<void> {
  // An answer that never comes is cancelled: nobody else has the handle of a draft.
  const cancelling =
    fuzzed.of === 'draft' ? setInterval(() => void turn.cancel().catch(() => {}), 200) : undefined
  try {
    await readWhole(turn, fuzzed)
  } finally {
    clearInterval(cancelling)
  }
}

async function readWhole(turn: Turn, { turn: { eventsAfter, cancels } }: FuzzedCall): Promise<void> {
  const settled = Promise.allSettled([turn.started, turn.result, turn.isRepeat()])
  const events = (async () => {
    for await (const _ of turn.events(eventsAfter as number)) if (cancels) await turn.cancel()
  })()
  const [read, [started, result, isRepeat]] = await Promise.all([Promise.allSettled([events]), settled])
  for (const each of [...read, started, isRepeat])
    if (each.status === 'rejected') refusalOf(each.reason, 'a turn')
  if (result.status === 'rejected') throw result.reason
}
