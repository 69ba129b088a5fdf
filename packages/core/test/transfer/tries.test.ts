import { describe, expect, it } from 'vitest'
import { memoryStore, type SessionStore } from '../../src/index.js'
import { together } from '../../src/testing/start-gate.js'
import { alice, anonymous, bob, codeOf, service } from '../service.js'

const secrets = ['a secret that only these tests may know']
const place = (store: SessionStore = memoryStore(), transfers = {}) =>
  service({ store, credentialSecrets: secrets, transfers })

/** A code that nobody was given. */
const wrongCode = (index: number) => `${index}`.padStart(8, 'Z')

describe('short codes that are wrong', () => {
  it('are five from one caller; then even the right one has to wait', async () => {
    let now = 1_700_000_000_000
    const sessions = place(memoryStore({ clock: () => now }))
    const source = await sessions.for(anonymous).create()
    const { shortCode, secret } = await source.transfer({ mode: 'share' })
    const mine = sessions.for(anonymous)
    for (let index = 0; index < 5; index++) {
      expect(await codeOf(mine.redeem({ shortCode: wrongCode(index) }))).toBe('not_found')
    }
    expect(await codeOf(mine.redeem({ shortCode }))).toBe('limit_reached')
    expect(await codeOf(mine.describeTransfer({ shortCode }))).toBe('limit_reached')
    const locked = sessions.events.filter(({ type }) => type === 'transfer.locked')
    expect(locked).toMatchObject([{ tenantId: 'acme', sessionId: '', scope: 'caller' }])
    // Other callers of the tenant can, and so can a caller with the link.
    expect((await sessions.for(bob).describeTransfer({ shortCode })).sessionId).toBe(source.id)
    expect((await mine.describeTransfer({ secret })).sessionId).toBe(source.id)
    now += 120_000
    const again = await source.transfer({ mode: 'share' })
    expect((await mine.redeem({ shortCode: again.shortCode })).status).toBe('redeemed')
  })

  it('count by who the application says is calling', async () => {
    const sessions = place()
    const mine = sessions.for(anonymous)
    const { shortCode } = await (await mine.create()).transfer({ mode: 'share' })
    for (let index = 0; index < 6; index++) {
      await codeOf(mine.redeem({ shortCode: wrongCode(index), caller: '192.0.2.1' }))
    }
    expect(await codeOf(mine.redeem({ shortCode, caller: '192.0.2.1' }))).toBe('limit_reached')
    expect(await codeOf(mine.redeem({ shortCode, caller: '192.0.2.2' }))).toBe('settled')
  })

  it('do not count when they are right', async () => {
    const sessions = place()
    const mine = sessions.for(anonymous)
    const source = await mine.create()
    for (let index = 0; index < 20; index++) {
      const { shortCode } = await source.transfer({ mode: 'share' })
      await mine.describeTransfer({ shortCode })
      expect(await codeOf(mine.redeem({ shortCode }))).toBe('settled')
    }
  })

  it('ten thousand, from anywhere, over four processes: the tenant’s, and then one a caller', async () => {
    const shared = memoryStore()
    let looked = 0
    const store: SessionStore = {
      ...shared,
      read: (ref, options) => {
        if (ref.tenantId === '~transfers:acme') looked++
        return shared.read(ref, options)
      },
    }
    const processes = Array.from({ length: 4 }, () => place(store, { maxTenantTries: 40 }))
    const { shortCode } = await (await processes[0]!.for(anonymous).create()).transfer({ mode: 'move' })
    const codes = await together(10_000, (index) => {
      const mine = processes[index % 4]!.for(anonymous)
      return codeOf(mine.redeem({ shortCode: wrongCode(index), caller: `caller ${index % 1000}` }))
    })
    expect(new Set(codes)).toEqual(new Set(['not_found', 'limit_reached']))
    expect(looked).toBeLessThanOrEqual(40 + 1000)
    expect(codes.filter((code) => code === 'not_found')).toHaveLength(40)
    const events = processes.flatMap(({ events }) => events)
    expect(events.filter(({ type }) => type === 'transfer.locked')).toMatchObject([{ scope: 'tenant' }])
    // A caller without wrong tries cannot be locked out by others.
    expect(await codeOf(processes[1]!.for(bob).redeem({ shortCode: wrongCode(1) }))).toBe('limit_reached')
    expect(await codeOf(processes[1]!.for(alice).redeem({ shortCode }))).toBe('settled')
  })

  it('of twenty accounts lock out no caller with the right one', async () => {
    const sessions = place()
    const source = await sessions.for(anonymous).create()
    for (let account = 0; account < 25; account++) {
      const mine = sessions.for({ tenantId: 'acme', userId: `account ${account}` })
      for (let index = 0; index < 5; index++) await codeOf(mine.redeem({ shortCode: wrongCode(index) }))
    }
    for (const who of [alice, bob]) {
      const { shortCode } = await source.transfer({ mode: 'share' })
      expect(await codeOf(sessions.for(who).describeTransfer({ shortCode }))).toBe('settled')
      expect(await codeOf(sessions.for(who).redeem({ shortCode }))).toBe('settled')
    }
    const guesser = sessions.for({ tenantId: 'acme', userId: 'guesser' })
    for (let index = 0; index < 3; index++) {
      expect(await codeOf(guesser.redeem({ shortCode: wrongCode(index) }))).toBe('limit_reached')
    }
  })

  it('are good for as long as the settings say, and their links longer', async () => {
    let now = 1_700_000_000_000
    const sessions = place(memoryStore({ clock: () => now }))
    const mine = sessions.for(anonymous)
    const started = await (await mine.create()).transfer({ mode: 'share' })
    expect(started.expiresAt).toBe(now + 300_000)
    expect(started.shortCodeExpiresAt).toBe(now + 120_000)
    now += 119_999
    expect(await codeOf(mine.describeTransfer({ shortCode: started.shortCode }))).toBe('settled')
    now += 1
    expect(await codeOf(mine.describeTransfer({ shortCode: started.shortCode }))).toBe('not_found')
    now += 179_999
    expect(await codeOf(mine.describeTransfer({ secret: started.secret }))).toBe('settled')
    now += 1
    expect(await codeOf(mine.redeem({ secret: started.secret }))).toBe('not_found')
  })
})

it('right codes that come at once never race for the tries of their tenant', async () => {
  const inner = memoryStore()
  let races = 0
  const store: SessionStore = {
    ...inner,
    async commit(ref, change) {
      return inner.commit(ref, change).catch((error: unknown) => {
        if (ref.tenantId === '~tries:acme') races++
        throw error
      })
    },
  }
  const sessions = place(store)
  const codes = await Promise.all(
    Array.from({ length: 40 }, async () => {
      const { shortCode } = await (await sessions.for(anonymous).create()).transfer({ mode: 'copy' })
      return shortCode
    }),
  )
  const outcomes = await Promise.all(
    codes.map(async (shortCode, n) =>
      codeOf(sessions.for({ tenantId: 'acme', userId: `user ${n}` }).redeem({ shortCode })),
    ),
  )
  expect(new Set(outcomes)).toEqual(new Set(['settled']))
  expect(races).toBe(0)
})
