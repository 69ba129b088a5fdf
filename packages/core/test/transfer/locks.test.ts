import { afterEach, expect, it, vi } from 'vitest'
import { memoryStore, type SessionStore } from '../../src/index.js'
import { anonymous, codeOf, service } from '../service.js'

afterEach(() => void vi.restoreAllMocks())

const wrongCode = 'ZZZZZZZZ'

/** Three tries a caller and four a tenant, by a clock that the test moves; `writes` counts those to the registers. */
async function place(transfers: object = { maxTries: 3, maxTenantTries: 4 }) {
  let now = 1_700_000_000_000
  vi.spyOn(Date, 'now').mockImplementation(() => now)
  const inner = memoryStore({ clock: () => now })
  let writes = 0
  let before = (): void => {}
  const store: SessionStore = {
    ...inner,
    commit: async (ref, change) => {
      if (ref.tenantId === '~tries:acme') writes++
      return inner.commit(ref, change)
    },
    read: async (ref, options) => {
      if (ref.tenantId === '~transfers:acme') before()
      return inner.read(ref, options)
    },
  }
  const sessions = service({
    store,
    transfers,
    credentialSecrets: ['a secret that only these tests may know'],
  })
  const mine = sessions.for(anonymous)
  const source = await mine.create()
  const { shortCode } = await source.transfer({ mode: 'share' })
  const ask = (caller: string | undefined, code: string) =>
    mine.describeTransfer({
      shortCode: code,
      device: 'the phone',
      ...(caller === undefined ? {} : { caller }),
    })
  return {
    sessions,
    inner,
    right: (caller: string) => codeOf(ask(caller, shortCode)),
    wrong: (caller?: string) => codeOf(ask(caller, wrongCode)),
    ask: (caller: string) => ask(caller, wrongCode),
    pass: (ms: number) => void (now += ms),
    writes: () => writes,
    beforeLookUp: (run: () => void) => void (before = run),
    locked: () => sessions.events.filter(({ type }) => type === 'transfer.locked'),
  }
}

it('tells a caller how long to wait, which further tries do not make longer, and writes nothing for them', async () => {
  const { ask, wrong, right, pass, writes, locked } = await place({ maxTries: 3 })
  expect(await wrong('a')).toBe('not_found')
  pass(50_000)
  expect([await wrong('a'), locked().length]).toEqual(['not_found', 0])
  expect([await wrong('a'), locked().length]).toEqual(['not_found', 1])
  const before = writes()
  for (const [passed, retryAfterMs] of [
    [0, 70_000],
    [60_000, 10_000],
    [9_999, 1000],
  ] as const) {
    pass(passed)
    await expect(ask('a')).rejects.toMatchObject({
      code: 'limit_reached',
      message: 'Too many wrong tries. Try again later.',
      path: 'shortCode',
      retryAfterMs,
    })
  }
  expect([await right('a'), writes() - before]).toEqual(['limit_reached', 0])
  expect(locked()).toMatchObject([{ scope: 'caller', actor: 'system', targetDevice: expect.any(String) }])
  pass(1)
  expect(await wrong('a')).toBe('not_found')
})

it('takes off a right try, and that one alone', async () => {
  const { right, wrong, locked } = await place({ maxTries: 3 })
  for (const caller of ['a', 'a', 'a', 'a']) expect(await right(caller)).toBe('settled')
  expect([await wrong('a'), await wrong('a'), await right('a'), await wrong('a')]).toEqual([
    'not_found',
    'not_found',
    'settled',
    'not_found',
  ])
  expect(locked()).toHaveLength(1)
  expect([await right('a'), await right('b')]).toEqual(['limit_reached', 'settled'])
})

it('leaves each caller one try when a tenant has none left, until it has some again', async () => {
  const { ask, right, wrong, pass, locked } = await place()
  // Right ones are none of the tenant's.
  for (let n = 0; n < 6; n++) expect(await right('r')).toBe('settled')
  for (const caller of ['a', 'a', 'b', 'b']) {
    expect([await wrong(caller), caller]).toEqual(['not_found', caller])
  }
  expect(locked()).toMatchObject([{ scope: 'tenant', actor: 'system', targetDevice: expect.any(String) }])
  pass(100_000)
  await expect(ask('a')).rejects.toMatchObject({
    code: 'limit_reached',
    path: 'shortCode',
    retryAfterMs: 20_000,
  })
  // One that is right is none of the tenant's either, nor does it open the tenant to others.
  expect([await right('c'), await right('c'), await wrong('a')]).toEqual([
    'settled',
    'settled',
    'limit_reached',
  ])
  // A caller has the try that was wrong, and none for the tries that were not looked at.
  for (let n = 0; n < 4; n++) expect(await wrong('d')).toBe('limit_reached')
  expect(locked()).toHaveLength(1)
  pass(20_000)
  expect([await wrong('d'), await wrong('d'), await right('d')]).toEqual([
    'not_found',
    'not_found',
    'limit_reached',
  ])
})

it('has nothing to take off where the register has ended meanwhile', async () => {
  const { inner, right, pass, beforeLookUp } = await place()
  beforeLookUp(() => pass(120_000))
  const registers = async () => (await inner.list({ tenantId: '~tries:acme', limit: 10 })).items
  expect(await right('a')).toBe('settled')
  expect(await registers()).toEqual([])
})

it('counts with processes of every version: registers are called what they were called', async () => {
  const { inner, wrong } = await place()
  expect([await wrong('a'), await wrong()]).toEqual(['not_found', 'not_found'])
  const { items } = await inner.list({ tenantId: '~tries:acme', limit: 10 })
  expect(items.map(({ id }) => id).toSorted()).toEqual([
    'all',
    'by hjta8jw3EYIolgYzVN0bjL8m',
    'by ipEJ1YvHiBeJNAmy7qCT7Pic',
  ])
})
