import { expect, it } from 'vitest'
import { createSessions, memoryStore, type Session } from '../../src/index.js'
import { followSessions } from '../../src/service/follow-sessions.js'
import { sideRecordRef } from '../../src/service/side-records.js'
import { serviceOf } from '../../src/sessions.js'

const tenantId = 'acme'
const ref = sideRecordRef('usage', tenantId, 'followed')

it('looks at what has not changed once, however many sessions are active, and says whether that was all', async () => {
  const sessions = createSessions()
  const mine = sessions.for({ tenantId, userId: 'alice' })
  const all = await Promise.all(Array.from({ length: 25 }, () => mine.create()))
  const visited: string[] = []
  const follow = async (speak = async () => {}) => {
    visited.length = 0
    return followSessions(serviceOf(sessions), {
      tenantId,
      ref,
      firstMs: 3_600_000,
      pageSize: 10,
      atMost: 1000,
      visit: async ({ id }) => {
        visited.push(id)
        await speak()
        return 1
      },
    })
  }
  expect(await follow()).toEqual({ found: 25, isAll: true })
  expect(new Set(visited).size).toBe(25)
  let others = 3
  const { found, isAll } = await follow(async () => {
    if (others-- > 0) await all[others]!.append({ role: 'user', content: 'Hi' })
  })
  expect([found >= 25, found <= 28, isAll]).toEqual([true, true, true])
})

it('misses nothing where more sessions are active than it can look at without being passed', async () => {
  let now = Date.parse('2026-03-01T10:00:00Z')
  const sessions = createSessions({ store: memoryStore({ clock: () => now }) })
  const mine = sessions.for({ tenantId, userId: 'alice' })
  const all: Session[] = []
  for (let index = 0; index < 8; index++) {
    all.push(await mine.create({ id: `s${index}` }))
    now += 60_000
  }
  const seen = new Set<string>()
  let isBusy = true
  const follow = async () =>
    followSessions(serviceOf(sessions), {
      tenantId,
      ref,
      firstMs: 3_600_000,
      pageSize: 2,
      atMost: 1000,
      visit: async (record, since) => {
        const { messages } = await serviceOf(sessions).store.messages(record, { limit: 100 })
        for (const { id, at } of messages) if (at >= since) seen.add(id)
        // Others speak meanwhile, and pass the place where it looks: the one that it would come to last.
        if (isBusy) {
          now += 300_000
          for (const session of all.slice(0, 4))
            await session.append({ role: 'user', content: 'Hi', id: `${session.id} at ${now}` })
        }
        return 0
      },
    })
  for (let call = 0; call < 3; call++) await follow()
  isBusy = false
  for (let call = 0; call < 3; call++) await follow()
  const said: string[] = []
  for (const session of all) {
    const { messages } = await serviceOf(sessions).store.messages(
      { tenantId, id: session.id },
      { limit: 100 },
    )
    said.push(...messages.map(({ id }) => id))
  }
  expect(said.length).toBeGreaterThan(20)
  expect(said.filter((id) => !seen.has(id))).toEqual([])
})
