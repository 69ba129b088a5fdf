import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SessionError } from '../errors.js'
import type { StoreUnderTest } from './store-case.js'
import { verbCases } from './verb-cases/of-sessions.js'
import { type AroundCall, verbPlace } from './verb-cases/verb-place.js'

const reads: ReadonlySet<string> = new Set(['read', 'messages', 'list'])
const losses = ['applied', 'not applied', 'applied, and away from then on'] as const

/** Leaves one call without an answer. Of a write it is not known whether it was applied; a read could not be made. */
function losing(lost: number, how: (typeof losses)[number]): AroundCall {
  return async (number, method, call) => {
    if (number < lost) return call()
    if (number === lost) {
      if (how !== 'not applied') await call()
      throw new SessionError(reads.has(method) ? 'unavailable' : 'unknown_outcome', 'No answer came.')
    }
    if (how !== 'applied, and away from then on') return call()
    throw new SessionError('unavailable', 'It is away.')
  }
}

/**
 * Registers with vitest what callers find over any store when an answer of it got lost: for every verb that writes, and
 * for each call that it makes. A verb that resolves has done all of its work. One that rejects with `unavailable` has
 * done nothing, and with `unknown_outcome` all of it or nothing. Who asks again brings about the same as if nothing had
 * been lost, or hears that it was done.
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

    test.each(verbCases.map((one) => [one.verb, one] as const))('%s', async (_, one) => {
      const whole = await verbPlace(stores!, one)
      const before = await whole.see()
      expect(await whole.run()).toBe(undefined)
      const after = await whole.see()
      expect(after).not.toEqual(before)
      expect(whole.calls()).toBeGreaterThan(0)
      for (let lost = 1; lost <= whole.calls(); lost++) {
        for (const how of losses) {
          const at = `call ${lost} ${how}`
          const { verb, run, see, again } = await verbPlace(stores!, one, losing(lost, how))
          const code = await run()
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
          expect(await again(), `${at}, and again`).toBe(refused)
          expect(await see(), `${at}, and again`).toEqual(after)
        }
      }
    })
  })
}
