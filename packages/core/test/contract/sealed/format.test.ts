import { expect, it } from 'vitest'
import { memoryStore } from '../../../src/index.js'
import { sealedTerms } from '../../../src/sealed.js'
import { key, rawOf, sealed } from './sealed-stores.js'

const at = { tenantId: 'acme', id: 's1' }
const atMs = Date.UTC(2026, 0, 1)
const times = { createdAt: atMs, updatedAt: atMs, activeAt: atMs }

// What a store holds of a session that was sealed on the first of January 2026, and of the two keys that it has.
const title = 'e1.5d3589d35a7051879c43fe64JQjG5y7t0FqipLhSLc5ByOKIjwxLa3qnzEEcPTl0PZGlTco'
const userId = 'u1.sA9iDGRauMkoCGnJ3P95n32DzsbnQPfnwlnQx_WbFT0r'
const body =
  'e1.5d3589d35a7051879c43fe645146bc396e6353ea2178f55c.xQelsq6Fj91kAUR-3lVX239F_afrhcDwFFGhMmW_F5xm'
const payloads = [
  'e1.5146bc396e6353ea2178f55cc94c56f651fe30b2b4d92aecc6d1e53edf353a65fbeaf0e757eea13af8e8a60536ae727622b07d646413',
  'e1.5d3589d35a7051879c43fe644264812a2b005ccec9e0364257326febddbede95a470c8a201de20554e0e6f865c74c1402286935b01',
]
const keys = [
  [
    '5146bc396e6353ea2178f55c',
    '{"keyId":"2026","wrapped":"4S6GdvohQ5N_Oe8SF2j5wRdG-a-miRwhubW-CnaGH5x22I1Wq_Bl_EJbk1q9qssRpgOAXsu688d0DCiX"}',
  ],
  [
    '5d3589d35a7051879c43fe64',
    '{"keyId":"2026","wrapped":"xLeERlpIcPu76PC3ZqYDBwEmtz9VsJrSw-V3E48v7xLVIV6ySOsmvKukCKTg7fujTSdyMIZPkrH8yGSa"}',
  ],
] as const

async function stored() {
  const raw = memoryStore({ clock: () => atMs })
  const counts = { trimmedSeq: 0, ...times }
  for (const [id, wrapped] of keys) {
    const record = {
      tenantId: '~keys:acme',
      id,
      incarnation: id,
      revision: 1,
      changes: 1,
      lastSeq: 0,
      bytes: 0,
      ...counts,
    }
    await raw.restore(record, { record: { ...record, label: '2026' }, body: wrapped, messages: [] })
  }
  const record = { ...at, incarnation: 'first', revision: 2, changes: 2, lastSeq: 2, bytes: 220, ...counts }
  const messages = payloads.map((payload, index) => ({
    seq: index + 1,
    id: `m${index + 1}`,
    at: atMs,
    payload,
  }))
  await raw.restore(at, { record: { ...record, title, userId }, body, messages })
  return raw
}

it('what was sealed by an earlier release is opened, and found by its user', async () => {
  const store = sealed(await stored())
  expect(await store.read(at, { tail: 9 })).toMatchObject({
    record: { userId: 'alice', title: 'a title', bytes: 27 },
    body: 'bound',
    messages: [{ payload: 'said by nobody' }, { payload: 'said by alice' }],
  })
  const found = await store.list({ tenantId: 'acme', userId: 'alice', limit: 9 })
  expect(found.items).toMatchObject([{ id: 's1', title: 'a title' }])
})

it('the same text is sealed in the same way as by an earlier release, for stores compare payloads', async () => {
  const raw = await stored()
  const store = sealed(raw)
  const again = [
    { id: 'm1', payload: 'said by nobody' },
    { id: 'm2', payload: 'said by alice' },
  ]
  const { messages } = await store.commit(at, { messages: again })
  expect(messages).toMatchObject([{ inserted: false }, { inserted: false }])
  await store.commit(at, { revision: 2, title: 'a title', userId: 'alice', body: 'bound' })
  expect((await rawOf(raw, at)).record).toMatchObject({ title, userId })
})

it('the terms of an index are those of an earlier release', () => {
  const terms = sealedTerms(key('terms'))
  expect([terms.id, terms.seal('acme', 'boat')]).toEqual(['-Xzf4K5qiQXk', 's6QosKvmRFnO'])
})
