import { afterEach, expect, it, vi } from 'vitest'
import { memoryStore, type SessionStore, type Turn } from '../../src/index.js'
import { alice, codeOf, service } from '../service.js'

afterEach(() => {
  vi.useRealTimers()
})

/** A store that counts the pages of sessions and of slots that it is asked for. */
function countingStore() {
  const inner = memoryStore()
  let pages = 0
  const store: SessionStore = {
    ...inner,
    list: async (query) => {
      if (query.tenantId === 'acme') pages++
      return inner.list(query)
    },
    messages: async (ref, query) => {
      pages++
      return inner.messages(ref, query)
    },
  }
  const pagesOf = async (work: () => Promise<unknown>) => {
    const before = pages
    await work()
    return pages - before
  }
  return { store, pagesOf }
}

async function fullTenant(limit: number, whenFull: 'reject' | 'evict') {
  const counting = countingStore()
  const sessions = service({ store: counting.store, limits: { maxSessions: limit, whenFull } })
  const mine = sessions.for(alice)
  for (let done = 0; done < limit; done += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, index) => mine.create({ id: `s${done + index}` })))
  }
  return { ...counting, sessions, mine }
}

it('looks at all sessions of a large full tenant once in a while, not for each refused session', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const { mine, pagesOf } = await fullTenant(1100, 'reject')
  const refused = async () => expect(await codeOf(mine.create())).toBe('limit_reached')
  expect(await pagesOf(refused)).toBeGreaterThan(5)
  expect(await pagesOf(refused)).toBe(0)
  await mine.delete('s7')
  expect(await pagesOf(refused), 'a look rests').toBe(0)
  vi.advanceTimersByTime(1001)
  expect((await mine.create({ id: 'new' })).id).toBe('new')
  expect(await pagesOf(refused)).toBeGreaterThan(5)
})

it('looks again at once where a limit is small', async () => {
  const { mine, pagesOf } = await fullTenant(100, 'reject')
  expect(await codeOf(mine.create())).toBe('limit_reached')
  expect(await pagesOf(() => codeOf(mine.create()))).toBeGreaterThan(0)
  await mine.delete('s7')
  expect((await mine.create({ id: 'new' })).id).toBe('new')
})

it('ends a hundredth of the sessions of a large full tenant at once, the least active, and looks no more until they are replaced', async () => {
  const { mine, pagesOf, sessions } = await fullTenant(1100, 'evict')
  const create = () => mine.create()
  expect(await pagesOf(create)).toBeGreaterThan(5)
  const evicted = sessions.events.filter(({ type }) => type === 'session.evicted')
  expect(evicted).toHaveLength(11)
  for (let made = 1; made < 11; made++) expect(await pagesOf(create)).toBeLessThan(5)
  expect(sessions.events.filter(({ type }) => type === 'session.evicted')).toHaveLength(11)
  expect(await pagesOf(create)).toBeGreaterThan(5)
  let live = 0
  for (let cursor: string | undefined; ;) {
    const page = await mine.list({ limit: 100, ...(cursor === undefined ? {} : { cursor }) })
    live += page.items.length
    if (page.cursor === undefined) break
    cursor = page.cursor
  }
  expect(live).toBe(1090)
})

it('ends none that is being answered while others are left, only to end a hundredth', async () => {
  const { store, mine, sessions } = await fullTenant(1100, 'evict')
  const answering = await mine.get('s0')
  let answer = (_text: string) => {}
  const answered = new Promise<string>((resolve) => (answer = resolve))
  const turn = await new Promise<Turn>((resolve) => {
    const begun = answering.turn('Hi', () => {
      resolve(begun)
      return answered
    })
  })
  const { turn: lease } = JSON.parse((await store.read(answering.ref))!.body) as { turn: object }
  // All are answered, but for three.
  const busy = new Set(['s0'])
  for (let index = 4; index < 1100; index++) {
    const { record, body } = (await store.read({ tenantId: 'acme', id: `s${index}` }))!
    const withTurn = JSON.stringify({ ...JSON.parse(body), turn: lease })
    await store.commit(record, { revision: record.revision, body: withTurn })
    busy.add(record.id)
  }
  for (let made = 0; made < 3; made++) await mine.create()
  answer('answered')
  expect((await turn.result).status).toBe('completed')
  const evicted = sessions.events.filter(({ type }) => type === 'session.evicted')
  expect(evicted.length).toBeGreaterThan(0)
  expect(evicted.filter(({ sessionId }) => busy.has(sessionId))).toEqual([])
})
