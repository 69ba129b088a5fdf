import { expect, it } from 'vitest'
import { memoryStore, type SessionStore, type SessionWarning } from '../../src/index.js'
import { apiFixture, ApiClient } from '../../src/testing.js'
import { alice, service } from '../service.js'

const tenantId = '~requests:acme'
const request = { content: 'c', seed: 's' }
const answer = { status: 200, headers: [['content-type', 'text/plain']], body: 'Two phones' }
const blank = '{"erased":true}'

/** A session, and requests about it as they are kept. */
async function place(over: (inner: SessionStore) => Partial<SessionStore> = () => ({})) {
  const inner = memoryStore()
  const warnings: SessionWarning[] = []
  const store = { ...inner, ...over(inner) }
  const sessions = service({ store, onWarning: (warning) => warnings.push(warning) })
  const session = await sessions.for(alice).create()
  const keep = async (id: string, value: object, label = session.id) =>
    inner.commit({ tenantId, id }, { revision: 0, label, body: JSON.stringify(value) })
  const kept = async (id: string) => {
    const { record, body } = (await inner.read({ tenantId, id }))!
    const { changes: _, ...value } = JSON.parse(body) as Record<string, unknown>
    return { revision: record.revision, value }
  }
  return { inner, session, warnings, keep, kept }
}

it('a reset takes the words out of all answers about the session, once, and out of no others', async () => {
  const { session, keep, kept, warnings } = await place()
  const sealed = { ...request, answer: { ...answer, isSealed: true } }
  await keep('running', request)
  await keep('done', { ...request, isDone: true })
  await keep('sealed', sealed)
  await keep('of another', { ...request, answer }, 'another')
  // More than are listed at once.
  for (let n = 0; n < 201; n++) await keep(`words ${n}`, { ...request, answer })
  for (let resets = 0; resets < 2; resets++) {
    await session.reset()
    expect(await kept('running')).toEqual({ revision: 2, value: { ...request, isBlank: true } })
    expect(await kept('done')).toEqual({ revision: 1, value: { ...request, isDone: true } })
    expect(await kept('sealed')).toEqual({ revision: 1, value: sealed })
    expect(await kept('of another')).toEqual({ revision: 1, value: { ...request, answer } })
    for (let n = 0; n < 201; n++) {
      const value = { ...request, answer: { ...answer, body: blank } }
      expect(await kept(`words ${n}`)).toEqual({ revision: 2, value })
    }
  }
  expect(warnings).toEqual([])
})

it.each(['listed', 'read'] as const)('an answer that is gone when it has been %s is none', async (when) => {
  const { inner, session, keep, warnings } = await place((store) => ({
    list: async (query) => {
      const page = await store.list(query)
      if (when === 'listed' && query.tenantId === tenantId)
        for (const item of page.items) await store.remove(item)
      return page
    },
    read: async (ref, options) => {
      const found = await store.read(ref, options)
      if (when === 'read' && ref.tenantId === tenantId) await store.remove(ref)
      return found
    },
  }))
  await keep('one', { ...request, answer })
  await session.reset()
  expect(warnings).toEqual([])
  expect(await inner.read({ tenantId, id: 'one' })).toBeUndefined()
})

it('the request that made a session is found by the session', async () => {
  const store = memoryStore()
  const api = apiFixture({ sessions: service({ store }) })
  const client = new ApiClient((path, init) => api.handle(new Request(`https://api.test${path}`, init)))
  const ids: string[] = []
  for (const key of ['one', 'two']) {
    const made = await client.post(
      '/sessions',
      {},
      { 'idempotency-key': `key-of-${key}-in-this-test-and-nowhere-else` },
    )
    expect(made.status, JSON.stringify(made.body)).toBe(201)
    ids.push(made.body.session.id as string)
  }
  const all = (await store.list({ tenantId: '~requests:public', limit: 10 })).items
  expect(all.map(({ label }) => label).toSorted()).toEqual(ids.map((id) => `made ${id}`).toSorted())
})
