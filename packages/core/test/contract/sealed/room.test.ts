import { describe, expect, it } from 'vitest'
import { memoryStore, SessionError, type SessionStore } from '../../../src/index.js'
import { codeOf } from '../../service.js'
import { sealed } from './sealed-stores.js'

const at = { tenantId: 'acme', id: 's1' }

describe('room for messages', () => {
  const ten = 'x'.repeat(10)
  const attempts = [
    { maxBytes: 40, messages: [{ id: 'm3', payload: ten }] },
    { maxBytes: 29, messages: [{ id: 'm3', payload: ten }] },
    {
      maxBytes: 30,
      messages: [
        { id: 'm1', payload: ten },
        { id: 'm3', payload: ten },
      ],
    },
    {
      maxBytes: 29,
      messages: [
        { id: 'm1', payload: ten },
        { id: 'm3', payload: ten },
      ],
    },
    {
      maxBytes: 40,
      messages: [
        { id: 'm3', payload: ten },
        { id: 'm4', payload: ten },
      ],
    },
    {
      maxBytes: 39,
      messages: [
        { id: 'm3', payload: ten },
        { id: 'm4', payload: ten },
      ],
    },
    {
      maxBytes: 20,
      messages: [
        { id: 'm1', payload: ten },
        { id: 'm2', payload: ten },
      ],
    },
    { maxBytes: 20, messages: [{ id: 'm1', payload: ten }] },
    { maxBytes: 20, messages: [] },
    {
      maxBytes: 25,
      messages: [
        { id: 'm1', payload: 'another' },
        { id: 'm3', payload: ten },
      ],
    },
    {
      maxBytes: 25,
      messages: [
        { id: 'm3', payload: '' },
        { id: 'm4', payload: '' },
      ],
    },
    {
      maxBytes: 25,
      ownedBy: 'alice',
      messages: [
        { id: 'm3', payload: ten },
        { id: 'm4', payload: ten },
      ],
    },
    {
      maxBytes: 25,
      ownedBy: 'bob',
      messages: [
        { id: 'm3', payload: ten },
        { id: 'm4', payload: ten },
      ],
    },
    {
      maxBytes: 40,
      ownedBy: 'alice',
      messages: [
        { id: 'm3', payload: ten },
        { id: 'm4', payload: ten },
      ],
    },
    {
      maxBytes: 25,
      incarnation: 'this',
      messages: [
        { id: 'm3', payload: ten },
        { id: 'm4', payload: ten },
      ],
    },
    {
      maxBytes: 25,
      incarnation: 'other',
      messages: [
        { id: 'm3', payload: ten },
        { id: 'm4', payload: ten },
      ],
    },
    {
      maxBytes: 40,
      incarnation: 'this',
      messages: [
        { id: 'm3', payload: ten },
        { id: 'm4', payload: ten },
      ],
    },
  ]

  it.each(attempts)('is as much as the store beneath has for what is not sealed: %j', async (change) => {
    const outcomeOf = async (store: SessionStore) => {
      const messages = [1, 2].map((n) => ({ id: `m${n}`, payload: ten }))
      await store.commit(at, { revision: 0, incarnation: 'this', userId: 'alice', messages })
      const code = await codeOf(store.commit(at, change))
      return [code, (await store.read(at))!.record.lastSeq, (await store.read(at))!.record.bytes]
    }
    expect(await outcomeOf(sealed(memoryStore()))).toEqual(await outcomeOf(memoryStore()))
  })

  it('is counted as in the store beneath, also of a log that was trimmed', async () => {
    const bytesOf = async (store: SessionStore) => {
      const messages = [3, 10, 0, 7].map((length, n) => ({ id: `m${n}`, payload: 'x'.repeat(length) }))
      await store.commit(at, { revision: 0, messages })
      const bytes = [(await store.read(at))!.record.bytes]
      for (const seq of [1, 2, 4]) {
        await store.trim(at, seq)
        bytes.push((await store.read(at))!.record.bytes)
      }
      return bytes
    }
    expect(await bytesOf(sealed(memoryStore()))).toEqual([20, 17, 7, 0])
    expect(await bytesOf(memoryStore())).toEqual([20, 17, 7, 0])
  })

  it('for a session that is made, and for one that goes just then', async () => {
    for (const [maxBytes, code] of [
      [20, 'settled'],
      [19, 'too_large'],
    ] as const) {
      const messages = [
        { id: 'm1', payload: ten },
        { id: 'm2', payload: ten },
        { id: 'm2', payload: ten },
      ]
      expect(await codeOf(sealed(memoryStore()).commit(at, { revision: 0, maxBytes, messages }))).toBe(code)
    }
    const raw = memoryStore()
    const store = sealed(raw)
    await store.commit(at, { revision: 0, messages: [{ id: 'm1', payload: ten }] })
    const commit: SessionStore['commit'] = async (_, change) => {
      await raw.remove(at)
      throw new SessionError('too_large', String(change.maxBytes))
    }
    const gone = sealed({ ...raw, commit })
    await gone.read(at)
    expect(await codeOf(gone.commit(at, { maxBytes: 5, messages: [{ id: 'm2', payload: ten }] }))).toBe(
      'not_found',
    )
  })
})
