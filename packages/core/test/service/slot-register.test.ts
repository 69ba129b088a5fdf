import { expect, it, vi } from 'vitest'
import { memoryStore, SessionError, type SessionsOptions, type SessionStore } from '../../src/index.js'
import { sideRecordRef } from '../../src/service/side-records.js'
import { alice, anonymous, codeOf, service } from '../service.js'

const register = sideRecordRef('slots', 'acme', 'tenant')
const isRegister = ({ tenantId }: { tenantId: string }) => tenantId === register.tenantId

/** A store that tells of each call that concerns a register, and of how much it wrote. */
function watched(inner: SessionStore): { store: SessionStore; calls: string[] } {
  const calls: string[] = []
  const store: SessionStore = {
    ...inner,
    read: async (ref, options) => {
      if (isRegister(ref)) calls.push('read')
      return inner.read(ref, options)
    },
    commit: async (ref, change) => {
      if (isRegister(ref)) calls.push(`commit ${JSON.stringify(change.messages ?? []).length}`)
      return inner.commit(ref, change)
    },
    messages: async (ref, query) => {
      if (isRegister(ref)) calls.push('messages')
      return inner.messages(ref, query)
    },
    amend: async (ref, amendments, guard) => {
      if (isRegister(ref)) calls.push(`amend ${amendments.length}`)
      return inner.amend(ref, amendments, guard)
    },
    list: async (query) => {
      if (query.tenantId === 'acme') calls.push('list')
      return inner.list(query)
    },
  }
  return { store, calls }
}

const open = (store: SessionStore, limits: SessionsOptions['limits'] & {}) => service({ store, limits })

it('takes one small write for a session where there is room, however many there are and end', async () => {
  const { store, calls } = watched(memoryStore())
  const mine = open(store, { maxSessions: 1000 }).for(alice)
  await mine.create()
  calls.length = 0
  for (let n = 0; n < 300; n++) await (await mine.create()).delete()
  expect(calls).toHaveLength(300)
  expect(new Set(calls)).toEqual(new Set([expect.stringMatching(/^commit \d\d$/)]))
})

it('finds the places of all that ended at once, and gives them without another look at the sessions', async () => {
  const { store, calls } = watched(memoryStore())
  const mine = open(store, { maxSessions: 20 }).for(alice)
  const made = []
  for (let n = 0; n < 20; n++) made.push(await mine.create())
  for (const session of made.filter((_, n) => n % 2 === 0)) await session.delete()
  calls.length = 0
  // The look at the places begins in the middle.
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
  await mine.create()
  vi.restoreAllMocks()
  expect(calls.filter((call) => call === 'list')).toHaveLength(2)
  expect(calls).toContain('amend 10')
  calls.length = 0
  for (let n = 0; n < 9; n++) await mine.create()
  expect(calls).not.toContain('list')
  expect(await codeOf(mine.create())).toBe('limit_reached')
})

it('gives the places that became free to as many as there are places, however many ask at once', async () => {
  const store = memoryStore()
  const [one, two] = [open(store, { maxSessions: 20 }), open(store, { maxSessions: 20 })]
  const made = []
  for (let n = 0; n < 20; n++) made.push(await one.for(alice).create())
  for (const session of made.slice(3, 10)) await session.delete()
  const codes = await Promise.all(
    Array.from({ length: 60 }, async (_, n) => codeOf((n % 2 === 0 ? one : two).for(alice).create())),
  )
  expect(codes.filter((code) => code === 'settled')).toHaveLength(7)
  expect(codes.filter((code) => code === 'limit_reached')).toHaveLength(53)
  const page = await one.for(alice).list({ limit: 100 })
  expect(page.items).toHaveLength(20)
})

it('counts what was made under another limit', async () => {
  const store = memoryStore()
  const made = []
  for (let n = 0; n < 9; n++) made.push(await open(store, { maxSessions: 9 }).for(alice).create())
  const strict = open(store, { maxSessions: 3 }).for(alice)
  expect(await codeOf(strict.create())).toBe('limit_reached')
  for (const session of made.slice(1, 7)) await session.delete()
  expect(await codeOf(strict.create())).toBe('limit_reached')
  await made[0]!.delete()
  expect(await codeOf(strict.create())).toBe('settled')
  expect(await codeOf(strict.create())).toBe('limit_reached')
  const roomy = open(store, { maxSessions: 12 }).for(alice)
  for (let n = 3; n < 12; n++) expect(await codeOf(roomy.create())).toBe('settled')
  expect(await codeOf(roomy.create())).toBe('limit_reached')
})

it('does not grow with how often a user signs in', async () => {
  const store = memoryStore()
  const sessions = open(store, { maxSessionsPerUser: 2 })
  const mine = sessions.for(alice)
  const kept = await mine.create()
  for (let n = 0; n < 50; n++) {
    const session = await sessions.for(anonymous).create()
    const held = await mine.findByCredential(await session.credential())
    expect(await mine.findByCredential(await held!.bind())).toBeDefined()
    if (n > 5) await held!.delete()
  }
  const { items } = await store.list({ tenantId: register.tenantId, limit: 10 })
  expect(items.map(({ userId, lastSeq }) => [userId, lastSeq])).toEqual([['alice', 8]])
  expect((await mine.list()).items.map(({ id }) => id)).toContain(kept.id)
})

it('lives on with the newest session, also where that one took over a place', async () => {
  let now = 1_000_000
  const store = memoryStore({ clock: () => now })
  const sessions = service({ store, limits: { maxSessions: 1 }, ttl: { absoluteMs: 5000 } })
  const mine = sessions.for(alice)
  await (await mine.create()).delete()
  now += 4000
  await mine.create()
  now += 4000
  expect(await codeOf(mine.create())).toBe('limit_reached')
})

it('counts a session once whose place was taken over by an answer that got lost', async () => {
  const inner = memoryStore()
  let losses = 3
  const store: SessionStore = {
    ...inner,
    amend: async (ref, amendments, guard) => {
      const changed = await inner.amend(ref, amendments, guard)
      if (isRegister(ref) && losses-- > 0) throw new SessionError('unknown_outcome', 'lost')
      return changed
    },
  }
  const mine = open(store, { maxSessions: 2 }).for(alice)
  const first = await mine.create()
  await mine.create()
  await first.delete()
  expect(await codeOf(mine.create())).toBe('settled')
  expect(losses).toBe(2)
  expect(await codeOf(mine.create())).toBe('limit_reached')
  expect((await mine.list()).items).toHaveLength(2)
})

it('of a user is as good as new once the user was erased', async () => {
  const { store, calls } = watched(memoryStore())
  const sessions = service({
    store,
    limits: { maxSessions: 5, maxSessionsPerUser: 5 },
    credentialSecrets: ['x'.repeat(32)],
  })
  await sessions.for(alice).create()
  calls.length = 0
  await sessions.privacy.erase({ ...alice, by: 'admin', reason: 'asked' })
  expect(calls.filter((call) => call !== 'list')).toEqual([])
  const { items } = await store.list({ tenantId: register.tenantId, limit: 10 })
  expect(items.map(({ id }) => id)).toEqual(['tenant'])
})

it('is never raced for by the sessions that one process makes at once in a full tenant', async () => {
  const inner = memoryStore()
  let races = 0
  const store: SessionStore = {
    ...inner,
    async amend(ref, amendments, guard) {
      const changed = await inner.amend(ref, amendments, guard)
      if (isRegister(ref) && changed === 0) races++
      return changed
    },
  }
  const mine = open(store, { maxSessions: 30, whenFull: 'evict' }).for(alice)
  for (let n = 0; n < 30; n++) await mine.create()
  const codes = await Promise.all(Array.from({ length: 120 }, async () => codeOf(mine.create())))
  expect(new Set(codes)).toEqual(new Set(['settled']))
  expect(races).toBe(0)
  expect((await mine.list({ limit: 100 })).items).toHaveLength(30)
})

it('tells all who wait for a place that the store is away, and nobody hangs', async () => {
  const inner = memoryStore()
  let isAway = false
  const store: SessionStore = {
    ...inner,
    async messages(ref, query) {
      if (isAway && isRegister(ref)) throw new SessionError('unavailable', 'the store is away')
      return inner.messages(ref, query)
    },
  }
  const mine = open(store, { maxSessions: 5 }).for(alice)
  for (let n = 0; n < 5; n++) await mine.create()
  isAway = true
  const codes = await Promise.all(Array.from({ length: 10 }, async () => codeOf(mine.create())))
  expect(new Set(codes)).toEqual(new Set(['unavailable']))
  isAway = false
  expect(await codeOf(mine.create())).toBe('limit_reached')
})

it('of one place goes to the last of many who evict each other', async () => {
  const mine = open(memoryStore(), { maxSessions: 1, whenFull: 'evict' }).for(alice)
  const codes = await Promise.all(Array.from({ length: 60 }, async () => codeOf(mine.create())))
  expect(new Set(codes)).toEqual(new Set(['settled']))
  expect((await mine.list()).items).toHaveLength(1)
})

it('gives up on a register that has lost a slot, and looks no thousand times', async () => {
  // It would pause between two looks.
  vi.spyOn(Math, 'random').mockReturnValue(0)
  const inner = memoryStore()
  let looks = 0
  const store: SessionStore = {
    ...inner,
    messages: async (ref, query) => {
      const page = await inner.messages(ref, query)
      if (!isRegister(ref)) return page
      if (++looks > 1000) throw new SessionError('store_failed', 'asked too often')
      return { ...page, messages: page.messages.filter(({ seq }) => seq !== 1) }
    },
  }
  const mine = open(store, { maxSessions: 2 }).for(alice)
  await mine.create()
  await mine.create()
  expect(await codeOf(mine.create())).toBe('conflict')
  vi.restoreAllMocks()
})

it('of which a place was just taken may end at that moment: the session is counted in the next one', async () => {
  const inner = memoryStore()
  let isEnding = false
  const store: SessionStore = {
    ...inner,
    async amend(ref, amendments, guard) {
      const changed = await inner.amend(ref, amendments, guard)
      if (isRegister(ref) && isEnding) await inner.remove(ref)
      isEnding = false
      return changed
    },
  }
  const sessions = service({ store, limits: { maxSessions: 1 }, ttl: { absoluteMs: 3_600_000 } })
  const mine = sessions.for(alice)
  await (await mine.create()).delete()
  isEnding = true
  expect(await codeOf(mine.create())).toBe('settled')
  expect(isEnding).toBe(false)
  expect(await codeOf(mine.create())).toBe('limit_reached')
})
