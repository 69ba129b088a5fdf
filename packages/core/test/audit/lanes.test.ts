import { afterEach, describe, expect, it, vi } from 'vitest'
import { memoryStore, SessionError, type SessionsOptions, type SessionStore } from '../../src/index.js'
import type { AuditEntry, AuditQuery, SessionsAudit } from '../../src/audit.js'
import { codeOf, service } from '../service.js'

const acme = { tenantId: 'acme' }
const lanesOf = { tenantId: '~audit:acme' }
const dayMs = 24 * 3_600_000

const audited = (store: SessionStore, options: Partial<SessionsOptions> = {}) =>
  service({
    store,
    credentialSecrets: ['a secret that both processes know, and nobody else'],
    audit: { secrets: ['a secret of the audit that is long enough'] },
    ...options,
  })

async function entriesOf(audit: SessionsAudit, query: Partial<AuditQuery> = {}): Promise<AuditEntry[]> {
  const all: AuditEntry[] = []
  for await (const entry of audit.list({ ...acme, ...query })) all.push(entry)
  return all
}

/** A store whose pages hold this many at most. */
const withPagesOf = (store: SessionStore, most: number): SessionStore => ({
  ...store,
  list: async (query) => store.list({ ...query, limit: Math.min(query.limit, most) }),
  messages: async (ref, query) => store.messages(ref, { ...query, limit: Math.min(query.limit, most) }),
})

afterEach(() => void vi.useRealTimers())

describe('the entries of several days and processes', () => {
  /** Three days, on each of which two processes write in turn; what each entry says is its number. */
  async function written() {
    vi.useFakeTimers({ toFake: ['Date'] })
    const noon = Date.UTC(2026, 10, 27, 12)
    const store = memoryStore({ clock: () => Date.now() })
    for (let day = 0; day < 3; day++) {
      vi.setSystemTime(noon + day * dayMs)
      const processes = [audited(store), audited(store)]
      for (let index = 0; index < 8; index++) {
        vi.setSystemTime(noon + day * dayMs + index * 1000)
        const action = `n${day * 8 + index}`
        await processes[index % 2]!.audit.append({ ...acme, action, actor: { userId: 'bob' } })
      }
    }
    const numbers = async (query: Partial<AuditQuery> = {}, of: SessionStore = store) =>
      (await entriesOf(audited(of).audit, query)).map(({ action }) => Number(action.slice(1)))
    return { store, noon, numbers }
  }
  const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

  it('come in the order of their times, whatever pages the store gives', async () => {
    const { store, numbers } = await written()
    expect(await numbers()).toEqual(upTo(0, 24))
    for (const most of [1, 2, 3]) expect(await numbers({}, withPagesOf(store, most))).toEqual(upTo(0, 24))
    const verdict = await audited(withPagesOf(store, 1)).audit.verify(acme)
    expect(verdict).toEqual({ ok: true, lanes: 6, entries: 24 })
  })

  it('begin and end where it is asked for, and go on after each of them', async () => {
    const { store, noon, numbers } = await written()
    const all = await entriesOf(audited(store).audit)
    for (const number of [0, 1, 7, 8, 15, 16, 22, 23]) {
      const at = noon + Math.floor(number / 8) * dayMs + (number % 8) * 1000
      expect(all[number]!.at).toBe(at)
      expect(await numbers({ from: at })).toEqual(upTo(number, 24))
      expect(await numbers({ from: at + 1 })).toEqual(upTo(number + 1, 24))
      expect(await numbers({ to: at })).toEqual(upTo(0, number))
      expect(await numbers({ to: at + 1 })).toEqual(upTo(0, number + 1))
      expect(await numbers({ after: all[number]! })).toEqual(upTo(number + 1, 24))
    }
    expect(await numbers({ from: noon + 8000, to: noon + dayMs })).toEqual([])
    expect(await numbers({ to: noon - dayMs })).toEqual([])
    expect(await numbers({ to: 1e15 })).toEqual(upTo(0, 24))
  })

  it('of one moment come in the same order each time, and none twice on the pages that follow', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.UTC(2026, 10, 27, 12))
    const store = memoryStore({ clock: () => Date.now() })
    const processes = [audited(store), audited(store), audited(store)]
    for (let index = 0; index < 12; index++)
      await processes[index % 3]!.audit.append({ ...acme, action: `n${index}` })
    const { audit } = audited(store)
    const all = await entriesOf(audit)
    const places = all.map(({ lane, seq }) => `${lane} ${seq}`)
    expect(places).toEqual(places.toSorted())
    for (const [index, after] of all.entries())
      expect(await entriesOf(audit, { after })).toEqual(all.slice(index + 1))
  })

  it('of a long lane are found without reading it from its beginning', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const noon = Date.UTC(2026, 10, 27, 12)
    const store = memoryStore({ clock: () => Date.now() })
    const { audit } = audited(store)
    for (let index = 0; index < 300; index++) {
      vi.setSystemTime(noon + index * 1000)
      await audit.append({ ...acme, action: `n${index}` })
    }
    let read = 0
    const counting: SessionStore = {
      ...store,
      async messages(ref, query) {
        const page = await store.messages(ref, query)
        read += page.messages.length
        return page
      },
    }
    for (const first of [0, 1, 99, 100, 150, 298, 299]) {
      read = 0
      const found = await entriesOf(audited(counting).audit, { from: noon + first * 1000 })
      expect(found.map(({ action }) => action)).toEqual(upTo(first, 300).map((index) => `n${index}`))
      expect(read).toBeLessThan(300 - first + 110)
    }
  })

  it('have the time of the store, which is not that of the process', async () => {
    const clock = Date.now() + 5 * 3_600_000
    const { audit } = audited(memoryStore({ clock: () => clock }))
    for (let index = 0; index < 2; index++) {
      const { at } = await audit.append({ ...acme, action: 'a' })
      expect(Math.abs(at - clock)).toBeLessThan(60_000)
    }
  })
})

describe('what a process writes', () => {
  it('at once goes in commits of 200 entries, each of which knows its place', async () => {
    const store = memoryStore()
    const sizes: number[] = []
    const commit: SessionStore['commit'] = async (ref, change) => {
      if (ref.tenantId === lanesOf.tenantId && change.messages !== undefined)
        sizes.push(change.messages.length)
      return store.commit(ref, change)
    }
    const { audit } = audited({ ...store, commit })
    const made = await Promise.all(
      Array.from({ length: 450 }, async (_, index) => audit.append({ ...acme, action: `n${index}` })),
    )
    expect(Math.max(...sizes)).toBe(200)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(450)
    expect(await entriesOf(audit)).toEqual(made.toSorted((one, other) => one.seq - other.seq))
    expect(new Set(made.map(({ seq }) => seq)).size).toBe(450)
  })

  it.each([
    ['unavailable', 1],
    ['store_failed', 2],
  ] as const)(
    'after %s is in %d lanes: in another one where it may have been written',
    async (code, lanes) => {
      const store = memoryStore()
      let isFailing = false
      const commit: SessionStore['commit'] = async (ref, change) => {
        if (isFailing) throw new SessionError(code, 'away')
        return store.commit(ref, change)
      }
      const { audit } = audited({ ...store, commit })
      await audit.append({ ...acme, action: 'a' })
      isFailing = true
      expect(await codeOf(audit.append({ ...acme, action: 'b' }))).toBe('unavailable')
      isFailing = false
      await audit.append({ ...acme, action: 'c' })
      expect((await entriesOf(audit)).map(({ action }) => action).toSorted()).toEqual(['a', 'c'])
      expect(await audit.verify(acme)).toEqual({ ok: true, lanes, entries: 2 })
    },
  )

  it('for a thousand tenants stays in one lane each, and begins another where there are more', async () => {
    const store = memoryStore()
    const { audit } = audited(store)
    const append = async (index: number) => audit.append({ tenantId: `t${index}`, action: 'a' })
    const lanesOfTenant = async (index: number) =>
      (await store.list({ tenantId: `~audit:t${index}`, limit: 9 })).items.length
    for (let index = 0; index < 1001; index++) await append(index)
    for (const index of [1000, 500, 1]) await append(index)
    expect(await Promise.all([1000, 500, 1].map(lanesOfTenant))).toEqual([1, 1, 1])
    await append(0)
    expect(await lanesOfTenant(0)).toBe(2)
  })
})
