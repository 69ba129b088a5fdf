import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SessionErrorCode } from '../errors.js'
import type { SessionEvent } from '../domain/events.js'
import { newId } from '../ids.js'
import { createSessions, type Sessions } from '../sessions.js'
import { together } from './start-gate.js'
import { refusalOf, type StoreUnderTest } from './store-case.js'

const modes = ['move', 'share', 'copy'] as const
const tries = 5
const credentialSecrets = ['a secret that only these tests may know']

/**
 * Registers with vitest what transfers show over any store. When many callers redeem at once, one of them gets the
 * session, with all that was written meanwhile; this holds for secrets and for codes. A code that was tried too often
 * waits. The store never learns a secret.
 *
 * @param makeStore as for `describeSessionStore`; `dump` gives all that the store holds, as text. Called once.
 */
export function describeTransfers(
  name: string,
  makeStore: () => Promise<StoreUnderTest & { dump?: () => Promise<string> }>,
): void {
  describe(name, () => {
    let stores: Awaited<ReturnType<typeof makeStore>> | undefined
    beforeAll(async () => {
      stores = await makeStore()
    })
    afterAll(() => stores?.close?.())

    /** Two services, as of two processes, for a tenant that no other test has. */
    function place() {
      const tenantId = newId()
      const events: SessionEvent[] = []
      const onEvent = (event: SessionEvent): unknown => events.push(event)
      const [one, two] = [stores!.store, stores!.peer].map((store) =>
        createSessions({ store, credentialSecrets, onEvent, onWarning: () => {} }),
      ) as [Sessions, Sessions]
      const guests = [one.for({ tenantId }), two.for({ tenantId })] as const
      return { guests, all: two.for({ tenantId, roles: ['admin'] }), events }
    }

    for (const mode of modes) {
      // Every typed code counts as a try of the whole tenant, so the tries wait for one another.
      for (const [kind, count] of [
        ['secret', 200],
        ['shortCode', 20],
      ] as const) {
        test(`${mode}: of ${count} who redeem its ${kind} at once, over two instances, one gets it`, async () => {
          const { guests, all, events } = place()
          const source = await guests[0].create({ state: { phase: 'checkout' } })
          const old = await source.credential()
          const { secret, shortCode } = await source.transfer({ mode })
          const key = { [kind]: kind === 'secret' ? secret : shortCode }
          const credentials: string[] = []
          const refusals: (SessionErrorCode | undefined)[] = []
          await together(count, async (index) => {
            const redeem = guests[index % 2]!.redeem({ ...key, caller: `caller ${index}` })
            const refusal = await refusalOf(redeem)
            if (refusal !== undefined) return refusals.push(refusal.code)
            const redemption = await redeem
            return redemption.status === 'redeemed' && credentials.push(redemption.credential)
          })
          expect(credentials).toHaveLength(1)
          expect(refusals).toHaveLength(count - 1)
          // More codes are tried at once than a tenant has tries.
          const expected = kind === 'secret' ? ['not_found'] : ['limit_reached', 'not_found']
          expect([...new Set(refusals)].filter((code) => !expected.includes(code!))).toEqual([])
          expect((await all.list()).items).toHaveLength(mode === 'copy' ? 2 : 1)
          expect(events.filter(({ type }) => type === 'transfer.redeemed')).toHaveLength(1)
          const opened = await guests[1].findByCredential(credentials[0]!)
          expect(await opened?.state.get()).toEqual({ phase: 'checkout' })
          expect((await guests[1].findByCredential(old)) === undefined).toBe(mode === 'move')
          const everything = await stores!.dump?.()
          if (everything === undefined) return
          for (const text of [source.id, 'checkout']) expect(everything).toContain(text)
          for (const text of [secret, shortCode, old, credentials[0]!]) expect(everything).not.toContain(text)
        })
      }

      test(`${mode}: a code that was tried too often waits, over both instances`, async () => {
        const { guests } = place()
        const { shortCode } = await (await guests[0].create()).transfer({ mode })
        const caller = 'one caller'
        const codes = await together(40, async (index) => {
          const wrong = guests[index % 2]!.redeem({ shortCode: `ZZZZZZ${index + 10}`, caller })
          return (await refusalOf(wrong))?.code
        })
        expect(codes.filter((code) => code === 'not_found')).toHaveLength(tries)
        expect(codes.filter((code) => code === 'limit_reached')).toHaveLength(40 - tries)
        expect(await refusalOf(guests[1].redeem({ shortCode, caller }))).toMatchObject({
          code: 'limit_reached',
        })
      })
    }

    test('fifty changes of a session while it moves: none is lost', async () => {
      const { guests } = place()
      const source = await guests[0].create()
      const { secret } = await source.transfer({ mode: 'move' })
      const redemptionId = newId()
      await together(51, async (index) => {
        if (index === 25) await guests[1].redeem({ secret, redemptionId })
        else await source.state.merge({ [`key${index}`]: index })
      })
      const redemption = await guests[1].redeem({ secret, redemptionId })
      if (redemption.status !== 'redeemed') expect.fail(redemption.status)
      expect(Object.keys(await redemption.session.state.get())).toHaveLength(50)
    })
  })
}
