import { describe, expect, it } from 'vitest'
import { memoryStore, type SessionsOptions } from '../../src/index.js'
import { haltingStore } from '../../src/testing.js'
import { changingStore } from '../changing-store.js'
import { codeOf, service, startGate } from '../service.js'
import { canaries, dumpOf, erasing, other, settings, user, withUserData } from './user-data.js'

const gone = [user.userId, ...canaries]

describe('the erasure of a user', () => {
  it('leaves nothing of the user, counts what was there, and touches nobody else', async () => {
    const store = memoryStore()
    const { sessions, counts } = await withUserData(store)
    const before = await dumpOf(store, 'acme')
    for (const text of gone) expect(before).toContain(text)
    const receipt = await sessions.privacy.erase(erasing)
    const after = await dumpOf(store, 'acme')
    for (const text of gone) expect(after).not.toContain(text)
    expect(receipt).toMatchObject({
      tenantId: 'acme',
      by: 'subject',
      reason: 'article 17',
      counts,
      copiesElsewhere: 0,
    })
    expect(
      (await (await sessions.for(other).get('bobs')).allMessages()).map(({ content }) => content),
    ).toEqual(['hello'])
  })

  it('gives a receipt that the service, and nobody else, signed', async () => {
    const { sessions } = await withUserData(memoryStore())
    const receipt = await sessions.privacy.erase(erasing)
    const { privacy } = sessions
    expect(await privacy.verifyReceipt(receipt)).toBe(true)
    expect(await privacy.verifyReceipt(receipt, user.userId)).toBe(true)
    expect(await privacy.verifyReceipt(receipt, other.userId)).toBe(false)
    for (const forged of [
      { ...receipt, reason: 'none' },
      { ...receipt, counts: { ...receipt.counts, sessions: 4 } },
      { ...receipt, erasedAt: receipt.erasedAt + 1 },
      { ...receipt, tenantId: 'other' },
    ])
      expect(await privacy.verifyReceipt(forged)).toBe(false)
    expect(await privacy.verifyReceipt(undefined as never)).toBe(false)
    expect(await service().privacy.verifyReceipt(receipt)).toBe(false)
  })

  it('tells how far it is, and keeps the receipt while the fence stands', async () => {
    const { sessions } = await withUserData(memoryStore())
    expect(await sessions.privacy.erasure(user)).toBeUndefined()
    const receipt = await sessions.privacy.erase(erasing)
    const { id, startedAt, counts } = receipt
    expect(await sessions.privacy.erasure(user)).toEqual({ id, status: 'done', startedAt, counts, receipt })
    // Again: the same erasure, with what it found in all.
    expect(await sessions.privacy.erase(erasing)).toMatchObject({ id, counts })
  })

  it('finds nothing of a user whom nobody knows', async () => {
    const receipt = await service().privacy.erase(erasing)
    expect(receipt.counts).toEqual({ sessions: 0, messages: 0 })
  })

  it('refuses what it cannot do', async () => {
    const refused = async (asked: object, options: SessionsOptions = settings) =>
      codeOf(service(options).privacy.erase({ ...erasing, ...asked }))
    expect(await refused({ tenantId: '~users:acme' })).toBe('invalid')
    expect(await refused({ userId: '' })).toBe('invalid')
    expect(await refused({ by: '' })).toBe('invalid')
    expect(await refused({ reason: `${user.userId} asked` })).toBe('invalid')
    expect(await refused({ unknown: true })).toBe('invalid')
    expect(await codeOf(service().privacy.erasure(undefined as never))).toBe('invalid')
    expect(await codeOf(service().privacy.erase(undefined as never))).toBe('invalid')
    // No other process could see such an erasure, and nobody could verify its receipt after a restart.
    expect(await refused({}, { store: memoryStore() })).toBe('invalid')
  })

  it('waits for the hooks of the host, and is not done when one fails', async () => {
    const store = memoryStore()
    await withUserData(store)
    const asked: unknown[] = []
    let isBroken = true
    const onErase = [
      async (about: object) => {
        asked.push(about)
        return { vectors: 2 }
      },
      async () => {
        if (isBroken) throw new Error('no files today')
        // The application has what it calls sessions, too.
        return { vectors: 1, files: 3, sessions: 4 }
      },
    ]
    const sessions = service({ store, ...settings, privacy: { onErase } })
    await expect(sessions.privacy.erase(erasing)).rejects.toThrow('no files today')
    expect(await sessions.privacy.erasure(user)).toMatchObject({ status: 'running' })
    expect(await codeOf(sessions.for(user).create())).toBe('user_erased')
    isBroken = false
    const receipt = await sessions.privacy.erase(erasing)
    expect(receipt.counts).toMatchObject({ sessions: 3 + 4, vectors: 3, files: 3 })
    expect(asked).toEqual([1, 2].map(() => ({ ...user, erasureId: receipt.id })))
  })

  it.each<[string, unknown]>([
    ['NaN', { vectors: Number.NaN, files: 2 }],
    ['nothing', { vectors: undefined, files: 2 }],
    ['a text', { vectors: '3', files: 2 }],
    ['less than none', { vectors: -1, files: 2 }],
    ['half a vector', { vectors: 0.5, files: 2 }],
    ['a big integer', { vectors: 10n, files: 2 }],
  ])('signs a receipt that can be verified when a hook counts %s', async (_, counted) => {
    const onErase = [async () => counted as Record<string, number>]
    const sessions = service({
      ...settings,
      privacy: { onErase },
      consent: { onWithdraw: onErase },
    })
    const withdrawal = { purpose: 'analytics', granted: false, version: '1', source: 'page' }
    expect((await sessions.for(user).consent.set(withdrawal)).removed).toEqual({ files: 2 })
    const receipt = await sessions.privacy.erase(erasing)
    expect(receipt.counts).toMatchObject({ files: 2 })
    expect(receipt.counts).not.toHaveProperty('vectors')
    const kept = JSON.parse(JSON.stringify(receipt)) as typeof receipt
    expect(await sessions.privacy.verifyReceipt(kept, user.userId)).toBe(true)
  })

  it('counts the copies that others have', async () => {
    const { sessions } = await withUserData(memoryStore())
    const source = await sessions.for(user).create()
    const { secret } = await source.transfer({ mode: 'copy', allowAnonymous: true })
    const redeemed = await sessions.for({ tenantId: 'acme' }).redeem({ secret })
    const receipt = await sessions.privacy.erase(erasing)
    expect(receipt.copiesElsewhere).toBe(1)
    expect(redeemed.status === 'redeemed' && (await redeemed.session.read())).toMatchObject({ record: {} })
  })

  it('stops a turn that runs, and keeps nothing of its answer', async () => {
    const store = memoryStore()
    const { sessions } = await withUserData(store)
    const session = await sessions.for(user).create()
    let isStopped = false
    const { opened: speaking, open: speak } = startGate()
    const turn = session.turn('canary word', async function* ({ signal }) {
      yield 'canary reply'
      speak()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      isStopped = true
      yield 'canary reply'
    })
    await speaking
    await sessions.privacy.erase(erasing)
    await turn.result.catch(() => {})
    await sessions.settled()
    expect(isStopped).toBe(true)
    const after = await dumpOf(store, 'acme')
    for (const text of gone) expect(after).not.toContain(text)
  })

  it(
    'wherever its process dies: again, it ends, and has counted everything once',
    { timeout: 60_000 },
    async () => {
      const calls = await callsOfErasure()
      expect(calls).toBeGreaterThan(60)
      for (let call = 1; call <= calls; call += 3) {
        const when = call % 2 === 0 ? 'before' : 'after'
        const store = memoryStore()
        const { counts } = await withUserData(store)
        const dying = haltingStore(store, { call, when })
        const erased = service({ store: dying.store, ...settings }).privacy.erase(erasing)
        await Promise.race([dying.died, erased])
        const receipt = await service({ store, ...settings }).privacy.erase(erasing)
        expect(receipt.counts, `${when} call ${call}`).toMatchObject(counts)
        const after = await dumpOf(store, 'acme')
        for (const text of gone) expect(after, `${when} call ${call}`).not.toContain(text)
      }
    },
  )
})

async function callsOfErasure(): Promise<number> {
  const store = memoryStore()
  await withUserData(store)
  const counted = changingStore(store, () => undefined)
  await service({ store: counted.store, ...settings }).privacy.erase(erasing)
  return counted.calls.length
}
