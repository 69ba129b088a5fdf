import { expect, it } from 'vitest'
import { memoryStore, SessionError, type SessionStore } from '../../src/index.js'
import { type FollowOptions, followSessions, readFollowed } from '../../src/service/follow-sessions.js'
import { sideRecordRef } from '../../src/service/side-records.js'

const minute = 60_000
const ref = sideRecordRef('analytics', 'acme', 'followed')
const begin = 100 * 24 * 60 * minute

/** A tenant whose pages a test gives, by a clock that it moves. */
function scene() {
  let now = begin
  const inner = memoryStore({ clock: () => now })
  const asked: { cursor?: string; limit: number }[] = []
  let pages: (cursor: string | undefined) => { items: object[]; cursor?: string } = () => ({ items: [] })
  const store: SessionStore = {
    ...inner,
    list: async (query) => {
      asked.push(query)
      return pages(query.cursor) as never
    },
  }
  const visits: [string, number][] = []
  let found = 1
  const follow = async (more: Partial<FollowOptions> = {}) =>
    followSessions({ store } as never, {
      tenantId: 'acme',
      ref,
      firstMs: 60 * minute,
      pageSize: 2,
      atMost: 10,
      visit: async ({ id }, since) => {
        visits.push([id, since])
        return found
      },
      ...more,
    })
  const session = (id: string, activeAt: number, changes = 1) => ({ id, incarnation: id, changes, activeAt })
  const followed = async () => readFollowed({ store } as never, ref)
  return {
    inner,
    follow,
    session,
    followed,
    visits,
    asked,
    pass: (ms: number) => void (now += ms),
    give: (given: typeof pages) => void (pages = given),
    finds: (count: number) => void (found = count),
  }
}

it('a first look goes back so far, and the next begins where it ended', async () => {
  const { follow, session, give, visits, followed, asked, pass } = scene()
  expect(await followed()).toBeUndefined()
  const since = begin - 60 * minute
  give(() => ({
    items: [
      session('new', begin),
      session('edge', since - 2 * minute),
      session('old', since - 2 * minute - 1),
    ],
    cursor: 'c',
  }))
  expect(await follow()).toEqual({ found: 2, isAll: true })
  expect(visits).toEqual([
    ['new', since - 2 * minute],
    ['edge', since - 2 * minute],
  ])
  expect([asked, await followed()]).toEqual([[{ tenantId: 'acme', limit: 2 }], { done: begin }])
  pass(minute)
  visits.length = 0
  await follow()
  expect([visits, await followed()]).toEqual([[['new', begin - 2 * minute]], { done: begin + minute }])
})

it('what was seen as it is, is not looked at again in the same call', async () => {
  const { follow, session, give, visits, asked, followed } = scene()
  let changes = 1
  give((cursor) => {
    if (cursor === undefined)
      return { items: [session('a', begin, changes++), session('b', begin)], cursor: 'next' }
    return { items: [session('b', begin), session('c', begin)] }
  })
  // Two whole rounds within a minute are all.
  expect(await follow()).toEqual({ found: 4, isAll: true })
  expect(visits.map(([id]) => id)).toEqual(['a', 'b', 'c', 'a'])
  expect(asked.map(({ cursor }) => cursor)).toEqual([undefined, 'next', undefined, 'next'])
  expect(await followed()).toEqual({ done: begin })
})

it('ends where it has found enough, and goes on there', async () => {
  const { follow, session, give, visits, followed, asked } = scene()
  give((cursor) =>
    cursor === undefined
      ? { items: [session('a', begin)], cursor: 'next' }
      : { items: [session('b', begin)] },
  )
  expect(await follow({ atMost: 1 })).toEqual({ found: 1, isAll: false })
  expect(await followed()).toEqual({
    done: begin - 60 * minute,
    round: { begunAt: begin, since: begin - 60 * minute, cursor: 'next' },
  })
  asked.length = 0
  expect((await follow()).isAll).toBe(true)
  expect(asked[0]!.cursor).toBe('next')
  expect(visits.map(([id]) => id).slice(0, 2)).toEqual(['a', 'b'])
})

it('ends after four rounds where too many are active, and says so', async () => {
  const { follow, session, give, asked, pass, followed, finds } = scene()
  finds(0)
  let n = 0
  give((cursor) => {
    pass(minute / 2)
    return cursor === undefined
      ? { items: [session(`s${n++}`, begin + 60 * minute)], cursor: 'next' }
      : { items: [session(`s${n++}`, begin + 60 * minute)] }
  })
  expect(await follow()).toEqual({ found: 0, isAll: false })
  expect(asked).toHaveLength(8)
  expect(await followed()).toMatchObject({ done: begin - 60 * minute, round: { since: begin + 3 * minute } })
})

it('begins again where its cursor is of another store, and tells of any other failure', async () => {
  const { follow, session, give, visits } = scene()
  give((cursor) => {
    if (cursor === undefined) return { items: [session('a', begin)], cursor: 'old' }
    throw new SessionError('invalid', 'no such cursor')
  })
  await follow({ atMost: 1 })
  visits.length = 0
  give((cursor) => {
    if (cursor === 'old') throw new SessionError('invalid', 'no such cursor')
    return { items: [session('b', begin)] }
  })
  expect((await follow()).isAll).toBe(true)
  expect(visits.map(([id]) => id)).toEqual(['b'])
  give(() => {
    throw new SessionError('unavailable', 'away')
  })
  await expect(follow()).rejects.toMatchObject({ code: 'unavailable' })
})

it('leaves what another process has come further with', async () => {
  const { follow, give, followed, inner } = scene()
  give(() => ({ items: [] }))
  const visit = async () => 0
  await inner.commit(ref, { revision: 0, body: JSON.stringify({ done: 5 }) })
  give(() => {
    void inner.commit(ref, { revision: 1, body: JSON.stringify({ done: begin + 9 }) })
    return { items: [] }
  })
  expect(await follow({ visit })).toEqual({ found: 0, isAll: true })
  expect(await followed()).toEqual({ done: begin + 9 })
})
