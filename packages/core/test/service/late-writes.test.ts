import { describe, expect, it } from 'vitest'
import { memoryStore, SessionError, type SessionStore } from '../../src/index.js'
import { alice, service, startGate } from '../service.js'

describe('a session made anew under the id of a deleted one', () => {
  it('outlives a delete of the old one that was slow', async () => {
    const inner = memoryStore()
    const gate = startGate()
    const reached = startGate()
    let slow = true
    const store: SessionStore = {
      ...inner,
      async remove(...args: Parameters<SessionStore['remove']>) {
        const waits = slow
        slow = false
        reached.open()
        if (waits) await gate.opened
        return inner.remove(...args)
      },
    }
    const caller = service({ store }).for(alice)
    const first = await caller.create({ id: 's1' })
    const slowDelete = first.delete().catch(() => undefined)
    await reached.opened
    await caller.delete('s1')
    const second = await caller.create({ id: 's1' })
    gate.open()
    await slowDelete
    expect((await caller.get('s1')).record.incarnation).toBe(second.record.incarnation)
  })

  it('outlives a delete of the old one that arrives after it was repeated', async () => {
    const inner = memoryStore()
    let arrive: (() => Promise<unknown>) | undefined
    const store: SessionStore = {
      ...inner,
      async remove(...args: Parameters<SessionStore['remove']>) {
        if (arrive !== undefined) return inner.remove(...args)
        arrive = () => inner.remove(...args)
        throw new SessionError('unknown_outcome', 'it is still on its way')
      },
    }
    const caller = service({ store }).for(alice)
    await (await caller.create({ id: 's1' })).delete()
    const second = await caller.create({ id: 's1' })
    await arrive!()
    expect((await caller.get('s1')).record.incarnation).toBe(second.record.incarnation)
  })

  it('keeps its messages when a reset of the old one was slow', async () => {
    const inner = memoryStore()
    const gate = startGate()
    const reached = startGate()
    const store: SessionStore = {
      ...inner,
      async trim(...args: Parameters<SessionStore['trim']>) {
        reached.open()
        await gate.opened
        return inner.trim(...args)
      },
    }
    const caller = service({ store }).for(alice)
    const first = await caller.create({ id: 's1', messages: [{ role: 'user', content: 'old' }] })
    const slowReset = first.reset().catch(() => undefined)
    await reached.opened
    await caller.delete('s1')
    const second = await caller.create({ id: 's1', messages: [{ role: 'user', content: 'new' }] })
    gate.open()
    await slowReset
    expect((await second.history()).messages.map(({ content }) => content)).toEqual(['new'])
  })
})
