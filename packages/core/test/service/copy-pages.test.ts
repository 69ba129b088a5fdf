import { describe, expect, it } from 'vitest'
import { copySessions, memoryStore, type SessionStore } from '../../src/index.js'
import type { CopyProgress } from '../../src/store.js'
import { codeOf } from '../service.js'

const tenants = ['acme']
const ref = (n: number | string, tenantId = 'acme') => ({ tenantId, id: `s${n}` })
const message = (id: string) => ({ id, payload: '{}' })

/** A store with so many sessions, each with a message. */
async function filled(count: number): Promise<SessionStore> {
  const store = memoryStore()
  for (let n = 0; n < count; n++)
    await store.commit(ref(n), { revision: 0, body: `{"n":${n}}`, messages: [message('m')] })
  return store
}

const idsOf = async (store: SessionStore): Promise<string[]> => {
  const ids: string[] = []
  for (let cursor: string | undefined; ;) {
    const page = await store.list({ tenantId: 'acme', limit: 200, ...(cursor && { cursor }) })
    ids.push(...page.items.map(({ id }) => id))
    if (page.cursor === undefined) return ids.toSorted()
    cursor = page.cursor
  }
}

describe('a copy of sessions', () => {
  it('comes to every page of them, and tells of each', async () => {
    const [from, to] = [await filled(250), memoryStore()]
    const told: CopyProgress[] = []
    const report = await copySessions(from, to, { tenants, onProgress: (one) => told.push(one) })
    expect(report).toEqual({
      copied: 250,
      unchanged: 0,
      messages: 250,
      complete: true,
      conflicts: [],
      failures: [],
      extra: [],
    })
    expect(await idsOf(to)).toEqual(await idsOf(from))
    const own = told.filter(({ tenantId }) => tenantId === 'acme')
    expect(own.map(({ look, copied, unchanged }) => [look, copied, unchanged])).toEqual([
      [1, 100, 0],
      [1, 200, 0],
      [1, 250, 0],
      [2, 250, 0],
      [2, 250, 0],
      [2, 250, 0],
    ])
    expect(await copySessions(from, to, { tenants })).toMatchObject({
      copied: 0,
      unchanged: 250,
      complete: true,
    })
  })

  it('names what the other store has besides, up to a hundred of them, and is not complete', async () => {
    const [from, to] = [await filled(3), await filled(250)]
    for (const n of [0, 1, 2]) await to.remove(ref(n))
    const report = await copySessions(from, to, { tenants })
    expect(report).toMatchObject({ copied: 3, complete: false, conflicts: [], failures: [] })
    expect(report.extra).toHaveLength(100)
    expect(new Set(report.extra.map(({ id }) => id)).size).toBe(100)
    // With a filter nobody knows what is besides.
    const some = await copySessions(from, to, { tenants, filter: ({ id }) => id === 's1' })
    expect(some).toMatchObject({ copied: 0, unchanged: 1, complete: true, extra: [] })
  })

  it('names what is another session there, up to a hundred of them, each once', async () => {
    const [from, to] = [await filled(120), await filled(120)]
    const report = await copySessions(from, to, { tenants })
    expect(report).toMatchObject({
      copied: 0,
      unchanged: 0,
      messages: 0,
      complete: false,
      failures: [],
      extra: [],
    })
    expect(new Set(report.conflicts.map(({ id }) => id)).size).toBe(100)
    expect(report.conflicts).toHaveLength(100)
  })

  it('passes over what goes meanwhile, whether it is read, or its messages are', async () => {
    for (const call of ['read', 'messages'] as const) {
      const [inner, to] = [await filled(3), memoryStore()]
      const goes = async (of: { readonly id: string }) => {
        if (of.id === 's1') await inner.remove(ref(1))
      }
      const from: SessionStore = {
        ...inner,
        read: async (of, options) => {
          if (call === 'read') await goes(of)
          return inner.read(of, options)
        },
        messages: async (of, query) => {
          if (call === 'messages') await goes(of)
          return inner.messages(of, query)
        },
      }
      const report = await copySessions(from, to, { tenants })
      expect(report, call).toMatchObject({ copied: 2, messages: 2, complete: true, failures: [] })
      expect(await idsOf(to)).toEqual(['s0', 's2'])
    }
  })

  it('is not complete while each look finds something new, and ends', async () => {
    const [inner, to] = [await filled(2), memoryStore()]
    let looks = 0
    const onProgress = async ({ tenantId }: CopyProgress) => {
      if (tenantId === 'acme') await inner.commit(ref(0), { messages: [message(`look ${++looks}`)] })
    }
    const report = await copySessions(inner, to, { tenants, onProgress: (one) => void onProgress(one) })
    expect(report).toMatchObject({ copied: 6, unchanged: 0, complete: false, conflicts: [], extra: [] })
    expect(looks).toBe(5)
    expect(await copySessions(inner, to, { tenants })).toMatchObject({
      copied: 1,
      unchanged: 1,
      complete: true,
    })
  })

  it('gives up a session that is written all the time, with none of it there', async () => {
    const [inner, to] = [await filled(1), memoryStore()]
    let written = 0
    const from: SessionStore = {
      ...inner,
      messages: async (of, query) => {
        await inner.commit(ref(0), { messages: [message(`new ${++written}`)] })
        return inner.messages(of, query)
      },
    }
    expect(await codeOf(copySessions(from, to, { tenants }))).toBe('unavailable')
    expect([written, await idsOf(to)]).toEqual([5, []])
  })
})
