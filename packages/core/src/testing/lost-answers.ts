import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CallerSessions } from '../caller-sessions.js'
import type { SessionStore } from '../contract/session-store.js'
import { textOf } from '../domain/message.js'
import { isSessionError, SessionError, type SessionErrorCode } from '../errors.js'
import { newId } from '../ids.js'
import { createSessions } from '../sessions.js'
import type { StoreUnderTest } from './store-case.js'
import { verbCases } from './verb-cases/of-sessions.js'
import type { CaseMaker, VerbScene } from './verb-cases/verb-case.js'
import { wrapStore } from './wrap-store.js'

const credentialSecrets = ['a secret that only these tests may know']
const reads: ReadonlySet<string> = new Set(['read', 'messages', 'list'])
const phone = { sku: 'P', name: 'Phone', price: { amount: 100, currency: 'EUR' } }

/** The call that gets no answer. Of a write it is not known whether it was applied; a read could not be made. */
interface Loss {
  readonly call: number
  readonly how: 'applied' | 'not applied' | 'applied, and away from then on'
}

/** A store that does not answer one of its calls, once it is told to count. */
function losing(inner: SessionStore, loss?: Loss) {
  let calls = 0
  let isCounting = false
  const store = wrapStore(inner, async (method, call) => {
    if (!isCounting) return call()
    calls++
    if (loss === undefined || calls < loss.call) return call()
    if (calls > loss.call && loss.how !== 'applied, and away from then on') return call()
    if (calls > loss.call) throw new SessionError('unavailable', 'It is away.')
    if (loss.how !== 'not applied') await call()
    throw new SessionError(reads.has(method) ? 'unavailable' : 'unknown_outcome', 'No answer came.')
  })
  return { store, begin: () => (isCounting = true), calls: () => calls }
}

/** All that a user sees of their sessions, without ids and times that another run would not have. */
async function seen(mine: CallerSessions) {
  const { items } = await mine.list({ limit: 100 })
  const sessions = await Promise.all(
    items.map(async ({ id }) => {
      const session = await mine.get(id)
      const { record, state, preferences, cart, facts } = await session.read()
      const { messages } = await session.history({ limit: 100 })
      return {
        title: record.title,
        userId: record.userId,
        state,
        preferences,
        cart: cart.items.map(({ sku, quantity }) => `${quantity} ${sku}`),
        facts: facts.map(({ text }) => text),
        messages: messages.map((message) => `${message.seq} ${message.role}: ${textOf(message)}`),
        branches: (await session.branches()).length,
        orders: (await session.orders()).length,
        transfers: (await session.transfers()).map(({ mode, status }) => `${mode} ${status}`),
      }
    }),
  )
  const memory = (await mine.memory.list()).map(({ text }) => text)
  return { sessions: sessions.toSorted((one, other) => one.messages.length - other.messages.length), memory }
}

/**
 * Registers with vitest what callers find over any store when an answer of it got lost: for every verb that writes, and
 * for each call that it makes. A verb that resolves has done all of its work. One that rejects with
 * `unavailable` has done nothing, and with `unknown_outcome` all of it or nothing. Who asks again brings about the same as
 * if nothing had been lost, or hears that it was done.
 *
 * @param makeStore as for `describeSessionStore`. Called once.
 */
export function describeLostAnswers(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    let stores: StoreUnderTest | undefined
    beforeAll(async () => {
      stores = await makeStore()
    })
    afterAll(() => stores?.close?.())

    const serviceOver = (store: SessionStore) =>
      createSessions({
        store,
        credentialSecrets,
        consent: { unsaid: { memory: true, storage: true, analytics: false } },
        onWarning: () => {},
      })

    /** A user with a session, and a process whose store loses an answer. */
    async function place({ make }: CaseMaker, loss?: Loss) {
      const identity = { tenantId: newId(), userId: 'alice' }
      const sceneOver = async (store: SessionStore): Promise<VerbScene> => {
        const sessions = serviceOver(store)
        const mine = sessions.for(identity)
        return { sessions, mine, session: (await mine.find('one')) ?? mine.draft() }
      }
      const others = serviceOver(stores!.peer).for(identity)
      await others.create({
        id: 'one',
        title: 'T',
        state: { phase: 'choosing' },
        cart: [phone],
        messages: ['one', 'two', 'three'].map((content) => ({ role: 'user' as const, content })),
      })
      const verb = await make(await sceneOver(stores!.peer))
      const doomed = losing(stores!.store, loss)
      const scene = await sceneOver(doomed.store)
      const see = async () => {
        const now = await sceneOver(stores!.peer)
        return { ...(await seen(now.mine)), more: await verb.sees?.(now) }
      }
      const again = async () => verb.run(await sceneOver(stores!.peer))
      return { verb, scene, doomed, see, again }
    }

    test.each(verbCases.map((one) => [one.verb, one] as const))('%s', async (_, one) => {
      const whole = await place(one)
      const before = await whole.see()
      whole.doomed.begin()
      await whole.verb.run(whole.scene)
      const calls = whole.doomed.calls()
      expect(calls).toBeGreaterThan(0)
      const after = await whole.see()
      expect(after).not.toEqual(before)
      for (let call = 1; call <= calls; call++) {
        for (const how of ['applied', 'not applied', 'applied, and away from then on'] as const) {
          const at = `call ${call} ${how}`
          const { verb, scene, doomed, see, again } = await place(one, { call, how })
          doomed.begin()
          const code = await codeOf(verb.run(scene))
          const now = await see()
          if (code === undefined) expect(now, at).toEqual(after)
          else if (code === 'unavailable') expect(now, at).toEqual(before)
          else {
            expect(code, at).toBe('unknown_outcome')
            if (verb.hasParts !== true) expect([before, after], at).toContainEqual(now)
          }
          if (verb.repeats === false) continue
          const isDone = isDeepStrictEqual(now, after)
          const refused = isDone && verb.repeats !== true ? verb.repeats : undefined
          expect(await codeOf(again()), `${at}, and again`).toBe(refused)
          expect(await see(), `${at}, and again`).toEqual(after)
        }
      }
    })
  })
}

async function codeOf(call: Promise<unknown>): Promise<SessionErrorCode | undefined> {
  try {
    await call
    return undefined
  } catch (error) {
    if (isSessionError(error)) return error.code
    throw error
  }
}
