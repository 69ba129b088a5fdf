import { describe, expect, it } from 'vitest'
import { announcing } from '../../src/bus/announcing-store.js'
import { memoryStore, SessionError, type SessionErrorCode, type SessionStore } from '../../src/index.js'
import type { SessionNotice } from '../../src/store.js'
import { codeOf } from '../service.js'

const at = { tenantId: 'acme', id: 's1' }
const messages = [
  { id: 'm1', payload: 'one' },
  { id: 'm2', payload: 'two' },
]

/** A store that announces, and what it has announced. */
async function scene(changed: (store: SessionStore) => Partial<SessionStore> = () => ({})) {
  const inner = memoryStore()
  const told: SessionNotice[] = []
  const bus = {
    isUp: true,
    publish: (notices: readonly SessionNotice[]) => void told.push(...notices),
    subscribe: async () => async () => {},
    close: async () => {},
  }
  await inner.commit(at, { revision: 0, incarnation: 'i', messages })
  return { inner, told, store: announcing({ ...inner, ...changed(inner) }, bus) }
}

const copyOf = async (store: SessionStore) => (await store.read(at, { tail: 9 }))!

/** Each call that changes something, what it tells, and one of its kind that changes nothing. */
const calls: readonly {
  name: string
  notice: object
  change: (store: SessionStore) => Promise<unknown>
  idle?: (store: SessionStore) => Promise<unknown>
}[] = [
  {
    name: 'commit',
    notice: { kind: 'changed', incarnation: 'i', changes: 2 },
    change: async (store) => store.commit(at, { messages: [{ id: 'm3', payload: 'three' }] }),
    idle: async (store) => store.commit(at, { incarnation: 'other', messages: [] }),
  },
  {
    name: 'amend',
    notice: { kind: 'changed' },
    change: async (store) => store.amend(at, [{ seq: 1, payload: 'x' }]),
    idle: async (store) => store.amend(at, [{ seq: 9, payload: 'x' }]),
  },
  {
    name: 'trim',
    notice: { kind: 'changed' },
    change: async (store) => store.trim(at, 1),
    idle: async (store) => store.trim(at, 0),
  },
  {
    name: 'remove',
    notice: { kind: 'removed' },
    change: async (store) => store.remove(at),
    idle: async (store) => store.remove({ ...at, id: 'none' }),
  },
  {
    name: 'restore',
    notice: { kind: 'changed' },
    change: async (store) => {
      const copy = await copyOf(store)
      return store.restore(at, { ...copy, record: { ...copy.record, changes: copy.record.changes + 1 } })
    },
  },
]

describe.each(calls)('$name', ({ name, notice, change, idle }) => {
  it('tells of what it has changed, and gives what the store gives', async () => {
    const { inner, store, told } = await scene()
    const [other] = [await scene()]
    expect(await change(store)).toEqual(
      await change(other.inner).then((given) =>
        // The times of the two stores are their own.
        name === 'commit' ? expect.objectContaining({ messages: expect.any(Array) as unknown }) : given,
      ),
    )
    expect(told).toEqual([{ ...at, ...notice }])
    if (name !== 'remove') expect(await inner.read(at)).toBeDefined()
  })

  it('tells of nothing that was not changed', async () => {
    const { store, told } = await scene()
    await codeOf((idle ?? (async () => {}))(store))
    expect(told).toEqual([])
  })

  it('tells of what may have been changed, and of nothing that was refused', async () => {
    for (const [code, count] of [
      ['unknown_outcome', 1],
      ['conflict', 0],
      ['unavailable', 0],
    ] as [SessionErrorCode, number][]) {
      const { store, told } = await scene(() => ({
        [name]: async () => {
          throw new SessionError(code, 'lost')
        },
      }))
      expect(await codeOf(change(store))).toBe(code)
      expect(told).toEqual(
        Array.from({ length: count }, () => ({ ...at, kind: name === 'remove' ? 'removed' : 'changed' })),
      )
    }
  })
})

it('tells of no record of the library’s own, of no read, and of no copy before all of it is there', async () => {
  const { inner, store, told } = await scene()
  const own = { tenantId: '~turns:acme', id: 't1' }
  await store.commit(own, { revision: 0 })
  await store.remove(own)
  const { record, body } = await copyOf(store)
  const [query, all] = [{ limit: 9 }, { tenantId: 'acme', limit: 9 }]
  expect(await store.messages(at, query)).toEqual(await inner.messages(at, query))
  expect(await store.list(all)).toEqual(await inner.list(all))
  expect(await store.sweep({ limit: 9 })).toBe(0)
  const to = { tenantId: 'acme', id: 's2' }
  const [first, second] = (await copyOf(store)).messages
  await store.restore(to, { record, body, messages: [first!], more: true })
  expect(told).toEqual([])
  await store.restore(to, { record, body, messages: [second!], more: false })
  expect(told).toEqual([{ ...to, kind: 'changed' }])
})
