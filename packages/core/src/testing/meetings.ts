import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StoreUnderTest } from './store-case.js'
import { verbCases } from './verb-cases/of-sessions.js'
import type { VerbScene } from './verb-cases/verb-case.js'
import { verbPlace } from './verb-cases/verb-place.js'

/** What another process may do meanwhile. */
const changes: Readonly<Record<string, (scene: VerbScene) => Promise<unknown>>> = {
  'a change of the state': async ({ session }) => session.state.merge({ theirs: 1 }),
  'a message': async ({ session }) => session.append({ id: 'theirs', role: 'user', content: 'theirs' }),
  'a deletion': async ({ mine }) => mine.delete('one'),
}

/**
 * Registers with vitest that over any store each verb that writes is done as a whole, before a change of another process
 * or after it: the change comes between any two calls that the verb makes, such as between a load and the commit of what
 * was made of it. Neither is lost, and nothing is a mixture of both.
 *
 * @param makeStore as for `describeSessionStore`. Called once.
 */
export function describeMeetings(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    let stores: StoreUnderTest | undefined
    beforeAll(async () => {
      stores = await makeStore()
    })
    afterAll(() => stores?.close?.())

    describe.each(Object.entries(changes))('%s', (_, change) => {
      test.each(verbCases.map((one) => [one.verb, one] as const))('meets %s', async (_verb, one) => {
        const first = await verbPlace(stores!, one)
        const firstCode = await first.run()
        await change(await first.elsewhere()).catch(() => {})
        const second = await verbPlace(stores!, one)
        await change(await second.elsewhere()).catch(() => {})
        const secondCode = await second.run()
        const orders = [
          { code: firstCode, seen: await first.see() },
          { code: secondCode, seen: await second.see() },
        ]
        for (let number = 1; number <= first.calls(); number++) {
          const met = await verbPlace(stores!, one, async (now, _method, call) => {
            if (now === number) await change(await met.elsewhere()).catch(() => {})
            return call()
          })
          const code = await met.run()
          expect(orders, `before call ${number}`).toContainEqual({ code, seen: await met.see() })
        }
      })
    })
  })
}
