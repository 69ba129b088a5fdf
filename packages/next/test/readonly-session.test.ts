import { createSessions, memoryStore, type Session } from '@sessions/core'
import { wrapStore } from '@sessions/core/testing'
import { describe, expect, it } from 'vitest'
import { readonlyCaller, readonlySession } from '../src/readonly-session.js'

const alice = { tenantId: 'acme', userId: 'alice' }
const refused = {
  code: 'headers_sent',
  message: 'A server component only reads: change sessions in a server action or in a route handler.',
}

/** A session with something in each of its parts, and the calls of its store from then on. */
async function filled() {
  const calls: string[] = []
  const store = wrapStore(memoryStore(), (method, call) => {
    calls.push(method)
    return call()
  })
  const mine = createSessions({ store }).for(alice)
  const session = await mine.create({ title: 'Phones', state: { phase: 'search' } })
  await session.append([
    { id: 'm1', role: 'user', content: 'Two phones' },
    { id: 'm2', role: 'assistant', content: 'Here they are.' },
  ])
  await session.preferences.merge({ budget: 500 })
  const price = { amount: 99900, currency: 'USD' }
  await session.cart.add({ sku: 'IPH', name: 'iPhone', quantity: 1, price })
  await session.cart.checkout()
  await session.cart.add({ sku: 'CASE', name: 'Case', quantity: 2, price })
  const { shortCode } = await session.transfer({ mode: 'copy' })
  const found = await mine.get(session.id)
  calls.length = 0
  return { mine, found, calls, shortCode }
}

const idsIn = (messages: readonly { id: string }[]) => messages.map(({ id }) => id)

describe('a session for reading', () => {
  it('shows each part of it', async () => {
    const { found } = await filled()
    const view = readonlySession(found)
    const { id, tenantId, ref, identity, record, isStored } = found
    expect(view).toMatchObject({ id, tenantId, ref, identity, record, isStored })
    expect(await view.read()).toEqual(await found.read())
    expect(await view.state.get()).toEqual({ phase: 'search' })
    expect(await view.preferences.get()).toEqual({ budget: 500 })
    expect((await view.cart.get()).items.map(({ sku }) => sku)).toEqual(['CASE'])
    expect((await view.orders()).map(({ items }) => items.map(({ sku }) => sku))).toEqual([['IPH']])
    expect(await view.branches()).toEqual(await found.branches())
    expect(await view.info()).toEqual(await found.info())
    expect(await view.transfers()).toEqual(await found.transfers())
    expect(await view.transfers()).toHaveLength(1)
    expect(await view.currentTurn()).toBeUndefined()
    expect(await view.pseudonym('cache-tag')).toBe(await found.pseudonym('cache-tag'))
    expect(idsIn(await view.allMessages())).toEqual(['m1', 'm2'])
  })

  it('reads each part once, and another part of the history anew', async () => {
    const { found, calls } = await filled()
    const view = readonlySession(found)
    const twice = async (read: () => Promise<unknown>) => {
      const before = calls.length
      expect(await read()).toBe(await read())
      return calls.length - before
    }
    expect(await twice(() => view.allMessages())).toBe(1)
    for (const part of ['info', 'transfers'] as const) await twice(() => view[part]())
    expect(await twice(() => view.history({ limit: 1 }))).toBe(1)
    expect(idsIn((await view.history({ limit: 1 })).messages)).toEqual(['m2'])
    expect(idsIn((await view.history()).messages)).toEqual(['m1', 'm2'])
    expect(idsIn((await view.history({ after: 1 })).messages)).toEqual(['m2'])
  })

  it('builds a context and keeps nothing of it', async () => {
    const { found, calls } = await filled()
    const { messages } = await readonlySession(found).context({ maxTokens: 1000 })
    expect(messages.map(({ content }) => content)).toEqual(['Two phones', 'Here they are.'])
    expect(calls).not.toContain('commit')
  })

  it('refuses each change, and is no promise', async () => {
    const { found, calls } = await filled()
    const view = readonlySession(found) as Session
    for (const change of [
      () => view.append({ role: 'user', content: 'Hi' }),
      () => view.delete(),
      () => view.credential(),
      () => view.cart.clear(),
      () => view.state.merge({}),
      () => view.preferences.merge({}),
    ])
      await expect(change()).rejects.toMatchObject(refused)
    expect([(view as { then?: unknown }).then, view.constructor]).toEqual([undefined, Object])
    expect(calls).toEqual([])
  })
})

describe('the sessions of a caller for reading', () => {
  it('are found, listed and described, and none is changed', async () => {
    const { mine, found, shortCode } = await filled()
    const view = readonlyCaller(mine)
    expect(view.identity).toEqual(mine.identity)
    expect((await view.list({ limit: 1 })).items.map(({ id }) => id)).toEqual([found.id])
    expect((await view.get(found.id)).id).toBe(found.id)
    expect((await view.find(found.id))?.id).toBe(found.id)
    expect(await view.find('nobody')).toBeUndefined()
    await expect(view.get('nobody')).rejects.toMatchObject({ code: 'not_found' })
    expect(await view.describeTransfer({ shortCode })).toMatchObject({ mode: 'copy' })
    for (const change of [
      async () => (await view.get(found.id)).append({ role: 'user', content: 'Hi' }),
      async () => (await view.find(found.id))!.delete(),
      () => view.create(),
      () => view.delete(found.id),
    ])
      await expect(change()).rejects.toMatchObject(refused)
    expect((await mine.get(found.id)).record).toEqual(found.record)
    expect((await mine.list()).items).toHaveLength(1)
  })
})
