import { describe, expect, it } from 'vitest'
import { createSessions, memoryStore, type Redemption, type TransferOptions } from '../../src/index.js'
import { admin, alice, anonymous, bob, codeOf, elsewhere, service } from '../service.js'

const phone = { sku: 'P1', name: 'Phone', quantity: 2, price: { amount: 100, currency: 'EUR' } }
const redemptionId = 'redemption-of-this-test'

function redeemed(redemption: Redemption) {
  if (redemption.status === 'redeemed') return redemption
  throw new Error(`it is ${redemption.status}`)
}

async function begun(options: TransferOptions, identity = anonymous) {
  const sessions = service({ transfers: { url: 'https://shop.example/continue' } })
  const source = await sessions.for(identity).create({
    title: 'Phones',
    cart: [phone],
    state: { phase: 'checkout' },
    preferences: { brand: 'Apple' },
    messages: [{ role: 'user', content: 'Two phones, please' }],
  })
  const credential = await source.credential()
  const started = await source.transfer(options)
  const names = () =>
    sessions.events.map(({ type }) => type).filter((type) => /transfer|credential/.test(type))
  return { sessions, source, credential, started, names, mine: sessions.for(identity) }
}

describe('session.transfer', () => {
  it('gives a link with the secret in its fragment, and a short code', async () => {
    const { started } = await begun({ mode: 'move' })
    expect(started.url).toBe(`https://shop.example/continue#${started.secret}`)
    expect(started.shortCode).toMatch(/^[0-9A-Z]{8}$/)
    const bare = await service().for(alice).create()
    expect(await bare.transfer({ mode: 'move' })).not.toHaveProperty('url')
  })

  it('leads to the page of its tenant, where each has one', async () => {
    const url = ({ tenantId }: { tenantId: string }) => `https://${tenantId}.example/continue?from=chat`
    const sessions = service({ transfers: { url } })
    for (const tenantId of ['acme', 'other']) {
      const started = await (await sessions.for({ tenantId }).create()).transfer({ mode: 'share' })
      expect(started.url).toBe(`https://${tenantId}.example/continue?from=chat#${started.secret}`)
    }
    for (const wrong of ['javascript:alert(1)', 'https://shop.example/#x']) {
      const session = await service({ transfers: { url: () => wrong } })
        .for(alice)
        .create()
      await expect(session.transfer({ mode: 'share' })).rejects.toThrow('transfers.url must give')
      expect(await session.transfers()).toEqual([])
    }
  })

  it('stores a draft first', async () => {
    const mine = service().for(anonymous)
    const { secret } = await mine.draft().transfer({ mode: 'move' })
    expect((await mine.redeem({ secret })).status).toBe('redeemed')
  })

  it.each([
    [{ mode: 'take' }, 'mode'],
    [{ mode: 'move', expiresInMs: 15 * 60_000 + 1 }, 'expiresInMs'],
    [{ mode: 'move', expiresInMs: Number.NaN }, 'expiresInMs'],
    [{ mode: 'move', audience: '' }, 'audience'],
    [{ mode: 'move', confirm: 'later' }, 'confirm'],
    [{ mode: 'move', returnTo: '//evil.example' }, 'returnTo'],
    [{ mode: 'move', allowAnonymous: true }, 'allowAnonymous'],
    [{ mode: 'move', url: 'https://evil.example' }, 'url'],
  ])('refuses %j', async (options, path) => {
    const session = await service().for(alice).create()
    await expect(session.transfer(options as TransferOptions)).rejects.toMatchObject({
      code: 'invalid',
      path,
    })
    expect(await session.transfers()).toEqual([])
  })

  it.each([
    [{ url: 'shop.example' }, 'transfers.url'],
    [{ url: 'javascript:alert(1)' }, 'transfers.url'],
    [{ url: 'https://shop.example/#x' }, 'transfers.url'],
    [{ url: 'https://user@shop.example/' }, 'transfers.url'],
    [{ returnToOrigins: ['https://shop.example/'] }, 'transfers.returnToOrigins[0]'],
    [{ returnToOrigins: ['null'] }, 'transfers.returnToOrigins[0]'],
    [{ codeMs: 0 }, 'transfers.codeMs'],
    [{ maxTries: 0 }, 'transfers.maxTries'],
    [{ maxTenantTries: 1.5 }, 'transfers.maxTenantTries'],
  ])('refuses the settings %j at the start', (transfers, path) => {
    expect(() => createSessions({ transfers })).toThrow(expect.objectContaining({ code: 'invalid', path }))
  })

  it('keeps the newest eight, and says which it drops', async () => {
    const { source, started, mine, sessions } = await begun({ mode: 'share' })
    const later = []
    for (let index = 0; index < 8; index++) later.push(await source.transfer({ mode: 'share' }))
    expect((await source.transfers()).map(({ transferId }) => transferId)).toEqual(
      later.map(({ transferId }) => transferId),
    )
    expect(await codeOf(mine.redeem(started))).toBe('invalid')
    expect(await codeOf(mine.redeem({ secret: started.secret }))).toBe('not_found')
    expect(sessions.events.filter(({ type }) => type === 'transfer.revoked')).toMatchObject([
      { transferId: started.transferId },
    ])
  })
})

describe('redeem', () => {
  it('moves: a new credential, and the old one opens nothing', async () => {
    const { mine, source, credential, started, names } = await begun({ mode: 'move', returnTo: '/cart' })
    const redemption = redeemed(await mine.redeem({ secret: started.secret }))
    expect(redemption).toMatchObject({ mode: 'move', returnTo: '/cart', transferId: started.transferId })
    expect(await mine.findByCredential(credential)).toBeUndefined()
    const opened = (await mine.findByCredential(redemption.credential))!
    expect(opened.id).toBe(source.id)
    expect(await opened.state.get()).toEqual({ phase: 'checkout' })
    expect((await opened.history()).messages).toHaveLength(1)
    expect(names()).toEqual(['transfer.created', 'transfer.redeemed', 'credential.rotated'])
  })

  it('shares: credentials that differ, until one of them is rotated', async () => {
    const { mine, source, credential, started } = await begun({ mode: 'share' })
    const other = redeemed(await mine.redeem({ shortCode: started.shortCode })).credential
    expect(other).not.toBe(credential)
    for (const each of [credential, other]) expect((await mine.findByCredential(each))?.id).toBe(source.id)
    await source.rotateCredential()
    for (const each of [credential, other]) expect(await mine.findByCredential(each)).toBeUndefined()
  })

  it('copies: a session of the redeemer’s, and the source stays as it is', async () => {
    const { mine, source, credential, started } = await begun({ mode: 'copy' })
    const { session, credential: own } = redeemed(await mine.redeem({ secret: started.secret }))
    expect(session.id).not.toBe(source.id)
    const { record, state, preferences, cart, lineage } = await session.read()
    expect([record.title, state, preferences, cart.items[0]?.quantity, lineage?.sessionId]).toEqual([
      'Phones',
      { phase: 'checkout' },
      { brand: 'Apple' },
      2,
      source.id,
    ])
    expect((await mine.findByCredential(own))?.id).toBe(session.id)
    await session.cart.clear()
    expect((await source.cart.get()).items).toHaveLength(1)
    expect((await mine.findByCredential(credential))?.id).toBe(source.id)
  })

  it('happens once, and is not described any more then', async () => {
    const { mine, started } = await begun({ mode: 'share' })
    const { secret, shortCode } = started
    await mine.redeem({ secret })
    for (const key of [{ secret }, { shortCode }]) {
      expect(await codeOf(mine.redeem(key))).toBe('not_found')
      expect(await codeOf(mine.describeTransfer(key))).toBe('not_found')
    }
  })

  it('tells the same redemption the same again', async () => {
    for (const mode of ['move', 'share', 'copy'] as const) {
      const { mine, started, sessions } = await begun({ mode })
      const { secret, shortCode } = started
      const first = redeemed(await mine.redeem({ secret, redemptionId }))
      for (const key of [{ secret }, { shortCode }]) {
        const again = redeemed(await mine.redeem({ ...key, redemptionId }))
        expect([again.session.id, again.credential]).toEqual([first.session.id, first.credential])
      }
      expect(await codeOf(mine.redeem({ secret, redemptionId: 'another-redemption-id' }))).toBe('not_found')
      expect(sessions.events.filter(({ type }) => type === 'transfer.redeemed')).toHaveLength(1)
      // A device that comes back later does not get a credential of a later generation.
      await first.session.rotateCredential()
      if (mode !== 'copy') expect(await codeOf(mine.redeem({ secret, redemptionId }))).toBe('not_found')
      expect(await codeOf(mine.redeem({ secret, redemptionId: 'short' }))).toBe('invalid')
    }
  })

  it('ends with the session, its credentials, its owner', async () => {
    const ends: [string, (it: Awaited<ReturnType<typeof begun>>) => Promise<unknown>][] = [
      ['rotated', ({ source }) => source.rotateCredential()],
      ['deleted', ({ source }) => source.delete()],
      ['revoked', ({ source, started }) => source.revokeTransfer(started.transferId)],
      [
        'bound',
        async ({ sessions, credential }) => (await sessions.for(alice).findByCredential(credential))!.bind(),
      ],
      [
        'moved by another one',
        async ({ source, mine }) => mine.redeem({ secret: (await source.transfer({ mode: 'move' })).secret }),
      ],
      [
        'made anew',
        async ({ source, mine }) => {
          await source.delete()
          await mine.create({ id: source.id })
        },
      ],
    ]
    for (const [how, end] of ends) {
      const made = await begun({ mode: 'share' })
      await end(made)
      const { secret, shortCode } = made.started
      for (const key of [{ secret }, { shortCode }]) {
        expect(await codeOf(made.mine.redeem(key)), how).toBe('not_found')
        expect(await codeOf(made.sessions.for(alice).describeTransfer(key)), how).toBe('not_found')
      }
    }
  })

  it('ends with the session, and leaves nothing of it in the store', async () => {
    const store = memoryStore()
    const source = await service({ store }).for(alice).create()
    await source.transfer({ mode: 'move' })
    const kept = () => store.list({ tenantId: '~transfers:acme', userId: 'alice', limit: 10 })
    expect((await kept()).items).toMatchObject([{ label: source.record.incarnation }])
    await source.delete()
    expect((await kept()).items).toEqual([])
  })

  it('does not leave a session that the device holds without a word', async () => {
    const { mine, source, started } = await begun({ mode: 'move' })
    const holding = await mine.create({ title: 'My own' })
    const { secret } = started
    expect(await mine.redeem({ secret, holding })).toMatchObject({
      status: 'occupied',
      joins: { sessionId: source.id, title: 'Phones', messageCount: 1, itemCount: 2 },
      leaves: { sessionId: holding.id, title: 'My own', messageCount: 0, itemCount: 0 },
    })
    const moved = await mine.redeem({ secret, holding: source })
    if (moved.status !== 'redeemed') expect.fail(moved.status)
    const second = await moved.session.transfer({ mode: 'copy' })
    expect((await mine.redeem({ secret: second.secret, holding: source })).status).toBe('occupied')
    const { status } = await mine.redeem({ secret: second.secret, holding: source, replace: true })
    expect(status).toBe('redeemed')
  })

  it('gives a copy back when there is no room for it', async () => {
    const sessions = service({ limits: { maxSessions: 2 } })
    const mine = sessions.for(anonymous)
    const source = await mine.create()
    const other = await mine.create()
    const { secret } = await source.transfer({ mode: 'copy' })
    expect(await codeOf(mine.redeem({ secret }))).toBe('limit_reached')
    await other.delete()
    expect((await mine.redeem({ secret })).status).toBe('redeemed')
  })

  it('works with the secrets of before and of after a change of secrets', async () => {
    const store = memoryStore()
    const [one, two] = ['the first secret of these tests!', 'the second secret of these tests']
    const before = createSessions({ store, credentialSecrets: [one] }).for(anonymous)
    const after = createSessions({ store, credentialSecrets: [two, one] }).for(anonymous)
    const source = await before.create()
    const [first, second] = [
      await source.transfer({ mode: 'share' }),
      await source.transfer({ mode: 'share' }),
    ]
    expect(await codeOf(after.redeem({ secret: first.secret }))).toBe('settled')
    expect(await codeOf(after.redeem({ shortCode: second.shortCode }))).toBe('settled')
    const other = createSessions({ store, credentialSecrets: [two] }).for(anonymous)
    const third = await source.transfer({ mode: 'share' })
    expect(await codeOf(other.redeem({ secret: third.secret }))).toBe('not_found')
  })
})

describe('whose it is', () => {
  it('a user’s session stays the user’s, and goes to their devices alone', async () => {
    for (const mode of ['move', 'share', 'copy'] as const) {
      const { sessions, started, credential } = await begun({ mode }, alice)
      const { secret } = started
      for (const stranger of [bob, anonymous, elsewhere, admin]) {
        expect(await codeOf(sessions.for(stranger).describeTransfer({ secret }))).toBe('not_found')
        expect(await codeOf(sessions.for(stranger).redeem({ secret }))).toBe('not_found')
      }
      const { session, credential: own } = redeemed(await sessions.for(alice).redeem({ secret }))
      expect(session.record.userId).toBe('alice')
      expect((await sessions.for(alice).findByCredential(own))?.id).toBe(session.id)
      expect(await sessions.for(bob).findByCredential(own)).toBeUndefined()
      expect(await sessions.for(anonymous).findByCredential(own)).toBeUndefined()
      const old = await sessions.for(alice).findByCredential(credential)
      expect(old === undefined).toBe(mode === 'move')
    }
  })

  it('a copy goes to an anonymous caller if the user allowed that, and to no other user', async () => {
    const { sessions, started } = await begun({ mode: 'copy', allowAnonymous: true }, alice)
    const { secret } = started
    expect(await codeOf(sessions.for(bob).redeem({ secret }))).toBe('not_found')
    const { session } = redeemed(await sessions.for(anonymous).redeem({ secret }))
    expect(session.record.userId).toBeUndefined()
    expect(await session.state.get()).toEqual({ phase: 'checkout' })
    expect(await sessions.for(anonymous).find(started.transferId)).toBeUndefined()
  })

  it('an anonymous session goes to every caller with the link, and a user may then bind it', async () => {
    const { sessions, started } = await begun({ mode: 'move' })
    const { session } = redeemed(await sessions.for(alice).redeem({ secret: started.secret }))
    expect(session.record.userId).toBeUndefined()
    await session.bind()
    expect((await sessions.for(alice).get(session.id)).record.userId).toBe('alice')
  })

  it('the public id, and the transfer’s, open nothing', async () => {
    const { mine, source, started } = await begun({ mode: 'move' })
    for (const secret of [source.id, started.transferId, started.shortCode]) {
      expect(await codeOf(mine.redeem({ secret }))).toBe('not_found')
    }
    expect(await mine.find(source.id)).toBeUndefined()
  })

  it('an audience is kept to', async () => {
    const { mine, started } = await begun({ mode: 'move', audience: 'phone' })
    const { secret } = started
    expect(await codeOf(mine.redeem({ secret }))).toBe('not_found')
    expect(await codeOf(mine.redeem({ secret, audience: 'phon' }))).toBe('not_found')
    expect(await codeOf(mine.redeem({ secret, audience: 'phone' }))).toBe('settled')
  })
})

describe('approval by the source', () => {
  it('names each step, and gives nothing before', async () => {
    const { mine, source, credential, started, names } = await begun({ mode: 'move', confirm: 'source' })
    const { secret, transferId } = started
    expect((await mine.describeTransfer({ secret })).needsApproval).toBe(true)
    expect(await codeOf(source.approveTransfer(transferId, '00'))).toBe('conflict')
    const waiting = await mine.redeem({ secret })
    if (waiting.status !== 'pending') throw new Error('it is not pending')
    // The first device that asks is the one that waits.
    expect(await codeOf(mine.redeem({ secret }))).toBe('not_found')
    expect((await source.transfers())[0]).toMatchObject({ status: 'waiting', matchCode: waiting.matchCode })
    expect((await mine.findByCredential(credential))?.id).toBe(source.id)
    const wrong = waiting.matchCode === '00' ? '01' : '00'
    expect(await codeOf(source.approveTransfer(transferId, wrong))).toBe('invalid')
    await source.approveTransfer(transferId, waiting.matchCode)
    expect((await source.transfers())[0]!.status).toBe('approved')
    expect(await codeOf(mine.redeem({ secret }))).toBe('not_found')
    const { redemptionId: ours } = waiting
    expect((await mine.redeem({ secret, redemptionId: ours })).status).toBe('redeemed')
    expect((await source.transfers())[0]!.status).toBe('redeemed')
    expect(names()).toEqual([
      'transfer.created',
      'transfer.viewed',
      'transfer.claimed',
      'transfer.approved',
      'transfer.redeemed',
      'credential.rotated',
    ])
  })

  it('denied is over, and nothing has changed', async () => {
    const { mine, source, credential, started, names } = await begun({ mode: 'move', confirm: 'source' })
    const { secret, transferId } = started
    await mine.redeem({ secret, redemptionId })
    await source.denyTransfer(transferId)
    expect(await codeOf(mine.redeem({ secret, redemptionId }))).toBe('not_found')
    expect(await codeOf(source.approveTransfer(transferId, '00'))).toBe('not_found')
    expect(await codeOf(source.denyTransfer(transferId))).toBe('not_found')
    expect((await mine.findByCredential(credential))?.id).toBe(source.id)
    expect(names().slice(-2)).toEqual(['transfer.claimed', 'transfer.denied'])
  })

  it('goes on with the code it began with, though that is over for others', async () => {
    let now = 1_700_000_000_000
    const sessions = service({ store: memoryStore({ clock: () => now }) })
    const mine = sessions.for(anonymous)
    const source = await mine.create()
    const { shortCode, transferId } = await source.transfer({ mode: 'share', confirm: 'source' })
    const waiting = await mine.redeem({ shortCode, redemptionId })
    now += 150_000
    const { matchCode } = waiting as { matchCode: string }
    await source.approveTransfer(transferId, matchCode)
    expect((await mine.redeem({ shortCode, redemptionId })).status).toBe('redeemed')
  })
})

it('a session that is kept nowhere, without consent to storage, has no transfer: nobody could redeem it', async () => {
  const store = memoryStore()
  const sessions = service({ store, consent: {}, credentialSecrets: ['x'.repeat(40)] })
  const mine = sessions.for(alice)
  await mine.consent.set({ purpose: 'storage', granted: false, version: '1', source: 'page' })
  for (const session of [await mine.create(), mine.draft()]) {
    await expect(session.transfer({ mode: 'share' })).rejects.toMatchObject({
      code: 'consent_missing',
      path: 'storage',
    })
    expect(session.isKept).toBe(false)
  }
  expect((await store.list({ tenantId: '~transfers:acme', limit: 10 })).items).toEqual([])
  await mine.consent.set({ purpose: 'storage', granted: true, version: '1', source: 'page' })
  expect(await codeOf((await sessions.for(alice).create()).transfer({ mode: 'share' }))).toBe('settled')
})
