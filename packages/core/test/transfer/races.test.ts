import { describe, expect, it } from 'vitest'
import { memoryStore, type SessionStore, type CallerSessions, type TransferMode } from '../../src/index.js'
import { admin, anonymous, codeOf, service } from '../service.js'
import { type CrashPoint, haltingStore } from '../../src/testing/halting-store.js'

const credentialSecrets = ['a secret that only these tests may know']
const processOn = (store: SessionStore) => service({ store, credentialSecrets })
const modes: readonly TransferMode[] = ['move', 'share', 'copy']
const redemptionId = 'redemption-of-this-test'

async function sourceOn(mine: CallerSessions) {
  const source = await mine.create({
    title: 'Phones',
    state: { phase: 'checkout' },
    messages: [{ role: 'user', content: 'Two phones, please' }],
  })
  return { source, credential: await source.credential() }
}

it('a session that goes away while it is redeemed is no transfer any more, as any other', async () => {
  const inner = memoryStore()
  const ends = {
    deleted: async (id: string) => inner.remove({ tenantId: 'acme', id }),
    bound: async (_id: string, credential: string) => {
      const alice = processOn(inner).for({ tenantId: 'acme', userId: 'alice' })
      await (await alice.findByCredential(credential))!.bind()
    },
    // Its owner has voided what others hold of it.
    rotated: async (_id: string, credential: string) => {
      await (await processOn(inner).for(anonymous).findByCredential(credential))!.rotateCredential()
    },
  }
  for (const end of Object.values(ends)) {
    let before = async (): Promise<unknown> => undefined
    const store: SessionStore = {
      ...inner,
      commit: async (ref, change) => {
        if (change.body?.includes('"redeemed"') === true) await before()
        return inner.commit(ref, change)
      },
    }
    const mine = processOn(store).for(anonymous)
    const { source, credential } = await sourceOn(mine)
    const { secret } = await source.transfer({ mode: 'move' })
    before = () => end(source.id, credential)
    await expect(mine.redeem({ secret })).rejects.toMatchObject({
      code: 'not_found',
      message: 'There is no such transfer.',
    })
  }
})

describe.each(modes)('a process that dies while it redeems: %s', (mode) => {
  async function place(point?: CrashPoint) {
    const store = memoryStore()
    const survivor = processOn(store).for(anonymous)
    const { source, credential } = await sourceOn(survivor)
    const started = await source.transfer({ mode })
    const halting = haltingStore(store, point)
    const doomed = processOn(halting.store).for(anonymous)
    return { survivor, doomed, halting, source, credential, started, all: processOn(store).for(admin) }
  }

  it.each(['secret', 'shortCode'] as const)('by %s, at any call of its store', async (kind) => {
    const probe = await place()
    const before = probe.halting.calls()
    await probe.doomed.redeem({ [kind]: probe.started[kind], redemptionId })
    const last = probe.halting.calls() - before
    expect(last).toBeGreaterThan(2)
    for (let call = 1; call <= last; call++) {
      for (const when of ['before', 'after'] as const) {
        const point = `${when} call ${call}`
        const { survivor, doomed, halting, source, credential, started, all } = await place({ call, when })
        const key = { [kind]: started[kind] }
        const dying = doomed.redeem({ ...key, redemptionId })
        await Promise.race([halting.died, dying])
        // Another device finds the transfer redeemed, or gets it. The device whose process died gets it again, if it had
        // it.
        const other = await codeOf(survivor.redeem({ ...key, redemptionId: 'of-another-device' }))
        const again = await codeOf(survivor.redeem({ ...key, redemptionId }))
        expect([other, again].toSorted(), point).toEqual(['not_found', 'settled'])
        const winner = other === 'settled' ? 'of-another-device' : redemptionId
        const redemption = await survivor.redeem({ ...key, redemptionId: winner })
        if (redemption.status !== 'redeemed') throw new Error(`${point}: ${redemption.status}`)
        expect((await redemption.session.history()).messages, point).toHaveLength(1)
        expect((await survivor.findByCredential(redemption.credential))?.id).toBe(redemption.session.id)
        const old = await survivor.findByCredential(credential)
        expect(old === undefined, point).toBe(mode === 'move')
        const ids = (await all.list()).items.map(({ id }) => id).toSorted()
        expect(ids, point).toEqual([...new Set([source.id, redemption.session.id])].toSorted())
      }
    }
  })

  it('or while it begins, at any call of its store: what was there is there, and another try works', async () => {
    const probe = await place()
    const mine = await probe.doomed.findByCredential(probe.credential)
    const before = probe.halting.calls()
    await mine!.transfer({ mode })
    const last = probe.halting.calls()
    for (let call = before + 1; call <= last; call++) {
      for (const when of ['before', 'after'] as const) {
        const { survivor, doomed, halting, credential } = await place({ call, when })
        const doomedSource = await doomed.findByCredential(credential)
        await Promise.race([halting.died, doomedSource!.transfer({ mode })])
        const source = (await survivor.findByCredential(credential))!
        expect((await source.history()).messages).toHaveLength(1)
        const { secret } = await source.transfer({ mode })
        expect((await survivor.redeem({ secret })).status).toBe('redeemed')
      }
    }
  })
})
