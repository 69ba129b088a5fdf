import { expect, it } from 'vitest'
import { memoryStore, type SessionsOptions, type SessionStore, type Turn } from '../../src/index.js'
import { sideRecordTenant } from '../../src/service/side-records.js'
import { alice, anonymous, bob, codeOf, service } from '../service.js'

const slots = sideRecordTenant('slots', 'acme')
const registers = async (store: SessionStore) => {
  const { items } = await store.list({ tenantId: slots, limit: 10 })
  const { items: live } = await store.list({ tenantId: 'acme', limit: 1000 })
  const ids = new Map(live.map(({ incarnation, id }) => [incarnation, id]))
  return Promise.all(
    items.map(async (item) => ({
      userId: item.userId,
      livesMs: item.expiresAt! - item.updatedAt,
      holders: (await store.messages(item, { limit: 1000 })).messages.map(
        ({ payload }) => ids.get(payload) ?? (payload === '' ? 'free' : 'gone'),
      ),
    })),
  )
}
const refused = { code: 'limit_reached', path: 'sessions' }

it.each([
  ['a tenant', { maxSessions: 2 }, undefined],
  ['a user', { maxSessionsPerUser: 2 }, 'alice'],
])('refuses one more session of %s, of which nothing stays', async (_, limits, userId) => {
  const store = memoryStore()
  const sessions = service({ store, limits, ttl: { absoluteMs: 5_000_000 } })
  const mine = sessions.for(alice)
  const ids = [(await mine.create()).id, (await mine.create()).id]
  await expect(mine.create({ id: 'more' })).rejects.toMatchObject({
    ...refused,
    message: 'There are already 2 live sessions.',
  })
  expect((await mine.list()).items.map(({ id }) => id).toSorted()).toEqual(ids.toSorted())
  expect(sessions.events.filter(({ type }) => type === 'session.created')).toHaveLength(2)
  expect(await codeOf(sessions.for(bob).create())).toBe(userId === undefined ? 'limit_reached' : 'settled')
  const [register] = (await registers(store)).filter(({ holders }) => holders.includes(ids[0]!))
  expect(register).toEqual({ userId, livesMs: 5_000_000, holders: ids })
})

it('takes one more away though somebody has written into it, and never the one made anew under its id', async () => {
  const inner = memoryStore()
  let meanwhile: (() => Promise<unknown>) | undefined
  const store: SessionStore = {
    ...inner,
    remove: async (ref, guard) => {
      await meanwhile?.()
      return inner.remove(ref, guard)
    },
  }
  const sessions = service({ store, limits: { maxSessions: 1 } })
  const ref = { tenantId: 'acme', id: 'more' }
  await sessions.for(alice).create({ id: 'first' })
  meanwhile = () => inner.commit(ref, { messages: [{ id: 'm', payload: 'p' }] })
  expect(await codeOf(sessions.for(alice).create({ id: 'more' }))).toBe('limit_reached')
  expect(await inner.read(ref)).toBeUndefined()
  meanwhile = async () => {
    await inner.remove(ref)
    await inner.commit(ref, { revision: 0, body: 'of somebody else' })
  }
  expect(await codeOf(sessions.for(alice).create({ id: 'more' }))).toBe('limit_reached')
  expect((await inner.read(ref))?.body).toBe('of somebody else')
})

it('counts a session that moves to the front while the list is read, and none that is gone, over many pages', async () => {
  let now = 1_000_000_000
  const inner = memoryStore({ clock: () => now })
  const pages: (string | undefined)[] = []
  const store: SessionStore = {
    ...inner,
    list: async (query) => {
      const page = await inner.list(query)
      if (query.tenantId !== 'acme') return page
      if (pages.length === 0) {
        now += 120_000
        await inner.commit({ tenantId: 'acme', id: 'oldest' }, { messages: [{ id: 'm', payload: 'p' }] })
      }
      pages.push(query.cursor)
      return page
    },
  }
  const max = 402
  const mine = service({ store, limits: { maxSessions: max } }).for(alice)
  await mine.create({ id: 'oldest' })
  now += 120_000
  for (let n = 1; n < max; n++) await mine.create()
  expect(pages).toEqual([])
  expect(await codeOf(mine.create())).toBe('limit_reached')
  expect(pages).toEqual([undefined, expect.any(String), expect.any(String), undefined])
  await (await mine.get('oldest')).delete()
  expect(await codeOf(mine.create({ id: 'last' }))).toBe('settled')
  const [register] = await registers(inner)
  expect(register!.holders).toHaveLength(max)
  expect(register!.holders).toContain('last')
  expect(register!.holders).not.toContain('gone')
})

it('evicts no session that moves to the front while the list is read', async () => {
  let now = 1_000_000_000
  const inner = memoryStore({ clock: () => now })
  let isRead = false
  const store: SessionStore = {
    ...inner,
    list: async (query) => {
      const page = await inner.list(query)
      if (query.tenantId !== 'acme' || isRead) return page
      isRead = true
      now += 120_000
      await inner.commit({ tenantId: 'acme', id: 'oldest' }, { messages: [{ id: 'm', payload: 'p' }] })
      return page
    },
  }
  const mine = service({ store, limits: { maxSessions: 202, whenFull: 'evict' } }).for(alice)
  for (let n = 0; n < 202; n++) {
    await mine.create({ id: n === 0 ? 'oldest' : n === 1 ? 'idle' : `s${n}` })
    if (n < 2) now += 120_000
  }
  await mine.create({ id: 'new' })
  expect(isRead).toBe(true)
  expect(await mine.find('oldest')).toBeDefined()
  expect(await mine.find('idle')).toBeUndefined()
})

it('evicts as many as it takes, the least active, with all that is kept beside them', async () => {
  let now = 1_000_000_000
  const store = memoryStore({ clock: () => now })
  const open = (limits: SessionsOptions['limits']) => service({ store, limits: { ...limits } })
  const roomy = open({ maxSessions: 4 }).for(alice)
  for (const id of ['a', 'b', 'c', 'd']) {
    now += 120_000
    await roomy.create({ id, messages: [{ role: 'user', content: 'Hi' }] })
  }
  now += 120_000
  await (await roomy.get('a')).append({ role: 'user', content: 'still here' })
  await (await roomy.get('b')).transfer({ mode: 'share' })
  await (await roomy.get('b')).turn('Hi', () => 'ok', { key: 'k' }).result
  const beside = async () => {
    const kinds = (['turns', 'transfers'] as const).map((kind) => sideRecordTenant(kind, 'acme'))
    const lists = await Promise.all(kinds.map((tenantId) => store.list({ tenantId, limit: 10 })))
    return lists.map(({ items }) => items.length > 0)
  }
  expect(await beside()).toEqual([true, true])
  now += 120_000
  await (await roomy.get('a')).append({ role: 'user', content: 'and here' })
  const strict = open({ maxSessions: 2, whenFull: 'evict' })
  await strict.for(alice).create({ id: 'e' })
  expect((await strict.for(alice).list()).items.map(({ id }) => id).toSorted()).toEqual(['a', 'e'])
  const evicted = strict.events.filter(({ type }) => type === 'session.evicted')
  expect(evicted.map(({ sessionId }) => sessionId)).toEqual(['b', 'd', 'c'])
  expect(evicted[0]).toMatchObject({ actor: 'system' })
  expect(await beside()).toEqual([false, false])
  const [register] = await registers(store)
  expect(register!.holders.toSorted()).toEqual(['a', 'e', 'free', 'free'])
})

it.each([
  ['another one', 2, ['answering', 'new'], 'completed'],
  ['none other', 1, ['new'], 'lost'],
])('evicts a session that is being answered only where there is %s', async (_, maxSessions, left, end) => {
  let now = 1_000_000_000
  const store = memoryStore({ clock: () => now })
  const roomy = service({ store, limits: { maxSessions: 9 } }).for(alice)
  const answering = await roomy.create({ id: 'answering' })
  let answer = (_text: string) => {}
  const answered = new Promise<string>((resolve) => (answer = resolve))
  const turn = await new Promise<Turn>((resolve) => {
    const begun = answering.turn('Hi', () => {
      resolve(begun)
      return answered
    })
  })
  if (maxSessions === 2) {
    // Less than a turn lives without a sign of life.
    now += 5000
    // Its turn is over, and another one was lost with its process.
    const idle = await roomy.create({ id: 'idle' })
    await idle.turn('Hi', () => 'ok').result
    const { body } = (await store.read({ tenantId: 'acme', id: 'idle' }))!
    const { turn: lost } = JSON.parse((await store.read({ tenantId: 'acme', id: 'answering' }))!.body) as {
      turn: object
    }
    const stale = JSON.stringify({ ...JSON.parse(body), turn: { ...lost, id: 'lost' } })
    const { record } = (await store.read({ tenantId: 'acme', id: 'idle' }))!
    await store.commit(record, { revision: record.revision, body: stale })
  }
  const strict = service({ store, limits: { maxSessions, whenFull: 'evict' } }).for(alice)
  await strict.create({ id: 'new' })
  expect((await strict.list()).items.map(({ id }) => id).toSorted()).toEqual(left)
  answer('answered')
  const outcome = await turn.result.then(
    ({ status }) => status,
    () => 'lost',
  )
  expect(outcome).toBe(end)
  const [register] = await registers(store)
  expect(register!.holders.toSorted()).toEqual(left)
})

it('tells of no eviction where the session was gone already', async () => {
  const inner = memoryStore()
  const store: SessionStore = {
    ...inner,
    remove: async (ref, guard) => {
      if (ref.id === 'first') await inner.remove(ref)
      return inner.remove(ref, guard)
    },
  }
  const sessions = service({ store, limits: { maxSessions: 1, whenFull: 'evict' } })
  await sessions.for(alice).create({ id: 'first' })
  await sessions.for(alice).create({ id: 'second' })
  expect(sessions.events.map(({ type }) => type)).not.toContain('session.evicted')
})

it('names no session in the register of the tenant, also none of an erased user', async () => {
  const store = memoryStore()
  const sessions = service({ store, limits: { maxSessions: 10 }, credentialSecrets: ['x'.repeat(32)] })
  await sessions.for(alice).create({ id: 'hers' })
  await sessions.for(bob).create({ id: 'his' })
  await sessions.privacy.erase({ ...alice, by: 'admin', reason: 'asked' })
  expect((await registers(store)).map(({ holders }) => holders)).toEqual([['gone', 'his']])
  const { messages } = await store.messages({ tenantId: slots, id: 'tenant' }, { limit: 10 })
  expect(JSON.stringify(messages)).not.toMatch(/hers|his|alice|bob/)
})

it.each([
  ['evict', ['anonymous', 'second'], ['anonymous', 'third']],
  ['reject', ['anonymous', 'first', 'second'], ['anonymous', 'first', 'second']],
] as const)('counts a session that a user is given, and refuses none: %s', async (whenFull, given, after) => {
  let now = 1_000_000_000
  const store = memoryStore({ clock: () => (now += 60_001) })
  const limits = { maxSessionsPerUser: 2, whenFull }
  const sessions = service({ store, limits, credentialSecrets: ['x'.repeat(32)] })
  const mine = sessions.for(alice)
  const ids = async () => (await mine.list()).items.map(({ id }) => id).toSorted()
  await mine.create({ id: 'first' })
  await mine.create({ id: 'second' })
  const session = await sessions.for(anonymous).create({ id: 'anonymous' })
  const held = await mine.findByCredential(await session.credential())
  expect(await mine.findByCredential(await held!.bind())).toBeDefined()
  expect(await ids()).toEqual(given)
  const made = await codeOf(mine.create({ id: 'third' }))
  expect(made).toBe(whenFull === 'evict' ? 'settled' : 'limit_reached')
  expect(await ids()).toEqual(after)
})

it('counts the sessions of nobody for the tenant, and for no user', async () => {
  const store = memoryStore()
  const sessions = service({ store, limits: { maxSessionsPerUser: 1, maxSessions: 3 } })
  for (let n = 0; n < 3; n++) await sessions.for(anonymous).create()
  expect(await codeOf(sessions.for(anonymous).create())).toBe('limit_reached')
  expect(await registers(store)).toMatchObject([{ holders: { length: 3 } }])
})

it('evicts no session that was made anew under the id of the one it saw', async () => {
  const inner = memoryStore()
  const ref = { tenantId: 'acme', id: 'first' }
  const store: SessionStore = {
    ...inner,
    remove: async (asked, guard) => {
      if (asked.id !== ref.id) return inner.remove(asked, guard)
      await inner.remove(ref)
      await inner.commit(ref, { revision: 0, body: 'of somebody else' })
      return inner.remove(asked, guard)
    },
  }
  const mine = service({ store, limits: { maxSessions: 1, whenFull: 'evict' } }).for(alice)
  await mine.create({ id: 'first' })
  await mine.create({ id: 'second' })
  expect((await inner.read(ref))?.body).toBe('of somebody else')
})
