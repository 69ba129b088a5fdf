import { describe, expect, it } from 'vitest'
import { memoryStore, type SessionStore } from '../../../src/index.js'
import { codeOf } from '../../service.js'
import { sealed, watched } from './sealed-stores.js'

const at = { tenantId: 'acme', id: 's1' }
const message = (id: string, payload = `payload of ${id}`) => ({ id, payload })

/** A sealed store over one that gives a message at a time, and what happens before its calls. */
async function scene() {
  const raw = memoryStore()
  const writer = sealed(raw)
  const make = async (incarnation: string, word = '') =>
    writer.commit(at, {
      revision: 0,
      incarnation,
      messages: ['m1', 'm2', 'm3', 'm4'].map((id) => message(id, `${word}${id}`)),
    })
  await make('i')
  const calls: string[] = []
  let before: (call: string, count: number) => Promise<unknown> = async () => {}
  const note = async (call: string) => {
    calls.push(call)
    await before(call, calls.length)
  }
  const short: SessionStore = {
    ...raw,
    async read(ref, options) {
      await note('read')
      const stored = await raw.read(ref, options)
      return stored && { ...stored, messages: stored.messages.slice(-1) }
    },
    async messages(ref, query) {
      await note('messages')
      return raw.messages(ref, { ...query, limit: 1 })
    },
  }
  const reader = watched(short)
  await reader.store.read(at)
  calls.length = 0
  const page = async (query: object = {}) =>
    (await reader.store.messages(at, { limit: 3, ...query })).messages.map(({ payload }) => payload).join()
  const tail = async (count: number) =>
    (await reader.store.read(at, { tail: count }))?.messages.map(({ payload }) => payload).join()
  const taken = () => calls.splice(0).join(' ')
  const onCall = (act: typeof before) => void (before = act)
  return { raw, writer, make, page, tail, taken, onCall, problems: reader.problems }
}

describe('a page that is joined', () => {
  it('is looked at once more, and one that is not is given as it is', async () => {
    const { page, taken } = await scene()
    expect([await page(), taken()]).toEqual(['m1,m2,m3', 'messages messages messages read'])
    expect([await page({ limit: 1 }), taken()]).toEqual(['m1', 'messages'])
    expect([await page({ after: 3 }), taken()]).toEqual(['m4', 'messages'])
  })

  it('is read again where its session has changed, and is short where it always does', async () => {
    const { page, taken, onCall, writer } = await scene()
    let changes = 1
    onCall(async (call) => {
      if (call === 'read' && changes-- > 0) await writer.commit(at, { title: 'changed' })
    })
    expect([await page(), taken()]).toEqual([
      'm1,m2,m3',
      'messages messages messages read messages messages messages read',
    ])
    changes = Infinity
    expect([await page(), taken()]).toEqual([
      'm1',
      'messages messages messages read messages messages messages read',
    ])
  })

  it('is of no session that is gone, nor of two that have the id one after the other', async () => {
    const gone = await scene()
    gone.onCall(async (call) => {
      if (call === 'read') await gone.raw.remove(at)
    })
    expect(await codeOf(gone.page())).toBe('not_found')
    const made = await scene()
    let isFirst = true
    made.onCall(async (call, count) => {
      if (call !== 'messages' || count !== 2 || !isFirst) return
      isFirst = false
      await made.raw.remove(at)
      await made.make('another', 'new ')
    })
    expect([await made.page(), made.problems]).toEqual(['new m1,new m2,new m3', []])
  })
})

describe('a tail that is joined', () => {
  it('is as long as it was asked for, and asks for no more than it lacks', async () => {
    const { tail, taken } = await scene()
    expect([await tail(3), taken()]).toEqual(['m2,m3,m4', 'read messages messages read'])
    expect([await tail(1), taken()]).toEqual(['m4', 'read'])
    expect([await tail(9), taken()]).toEqual(['m1,m2,m3,m4', 'read messages messages messages read'])
  })

  it('is read again once where its session changes, and then is as the store gave it', async () => {
    const { tail, taken, onCall, writer } = await scene()
    onCall(async (call) => {
      if (call === 'messages') await writer.commit(at, { title: 'changed' })
    })
    expect([await tail(2), taken()]).toEqual(['m4', 'read messages read messages read'])
  })
})

it('sessions that are still to be sealed are listed as they are, beside those that are', async () => {
  const raw = memoryStore()
  const plain = (id: string, more: object) => raw.commit({ tenantId: 'acme', id }, { revision: 0, ...more })
  await plain('bare', {})
  await plain('titled', { title: 'plain title', userId: 'alice' })
  await sealed(raw).commit(
    { tenantId: 'acme', id: 'sealed' },
    { revision: 0, title: 'a secret', userId: 'alice' },
  )
  const listed = async (mode: 'migrate' | 'require') =>
    (await sealed(raw, { mode }).list({ tenantId: 'acme', limit: 9 })).items
      .map(({ id, title, userId }) => `${id} ${title} ${userId}`)
      .toSorted()
  expect(await listed('migrate')).toEqual([
    'bare undefined undefined',
    'sealed a secret alice',
    'titled plain title alice',
  ])
  expect((await raw.read({ tenantId: 'acme', id: 'sealed' }))!.record.title).not.toContain('secret')
  const migrating = sealed(raw, { mode: 'migrate' })
  expect((await migrating.read({ tenantId: 'acme', id: 'titled' }))!.record.title).toBe('plain title')
  const keys = (await sealed(raw).read({ tenantId: 'acme', id: 'sealed' }))!
  expect(keys.record.title).toBe('a secret')
})
