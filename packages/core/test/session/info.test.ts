import { describe, expect, it } from 'vitest'
import { createSessions, memoryStore, type SessionStore } from '../../src/index.js'
import { alice } from '../service.js'

/** A session whose store counts the messages that are read. */
async function place(messages: readonly string[]) {
  const inner = memoryStore()
  let read = 0
  const store = Object.assign(Object.create(inner) as SessionStore, {
    messages: async (...given: Parameters<SessionStore['messages']>) => {
      const page = await inner.messages(...given)
      read += page.messages.length
      return page
    },
  })
  const mine = createSessions({ store }).for(alice)
  const session = await mine.create()
  for (let from = 0; from < messages.length; from += 100) {
    const page = messages.slice(from, from + 100)
    await session.append(page.map((content) => ({ role: 'user' as const, content })))
  }
  return { session, mine, read: () => read }
}

describe('info', () => {
  it('reads a message once, however often it is asked and by however many at once', async () => {
    const { session, read } = await place(Array.from({ length: 60 }, (_, n) => `camera ${n}`))
    // The append has counted their bytes.
    const before = read()
    const all = await Promise.all(Array.from({ length: 10 }, () => session.info()))
    for (const info of all) expect(info).toEqual(all[0])
    expect(all[0]).toMatchObject({
      messages: { user: 60, total: 60 },
      topics: [{ word: 'camera', count: 60 }],
    })
    expect(read() - before).toBe(60)
    await session.append({ role: 'assistant', content: 'Which camera?' })
    expect((await session.info()).messages).toMatchObject({ user: 60, assistant: 1, total: 61 })
    // And the last one that was counted, once more: it tells that the log is the same.
    expect(read() - before).toBe(62)
  })

  it('counts the branch that is active, and what is left after a reset', async () => {
    const { session } = await place(['one', 'two', 'three'])
    const { tokens } = await session.info()
    const branch = await session.rewind(1)
    expect((await session.info()).messages.total).toBe(1)
    await session.append({ role: 'user', content: 'four' })
    expect((await session.info()).messages.total).toBe(2)
    await session.switchBranch(branch.id)
    expect(await session.info()).toMatchObject({ messages: { total: 3 }, tokens })
    await session.reset()
    expect(await session.info()).toMatchObject({ messages: { total: 0 }, tokens: 0, topics: [] })
    await session.append({ role: 'user', content: 'five' })
    expect((await session.info()).messages.total).toBe(1)
  })

  it('takes for no topic what stands where words were redacted', async () => {
    const { session } = await place(['camera', 'lens', 'my secret'])
    await session.redact(2)
    await session.redact(3)
    const { messages, topics } = await session.info()
    expect(messages.total).toBe(3)
    expect(topics).toEqual([{ word: 'camera', count: 1 }])
  })

  it('lets others go on while it counts a long history', async () => {
    const text = Array.from({ length: 600 }, (_, n) => `w${n.toString(36)}x`).join(' ')
    const { session } = await place(Array.from({ length: 1000 }, (_, n) => `${n} ${text}`))
    let turns = 0
    let isDone = false
    const others = (): void => {
      turns++
      if (!isDone) setImmediate(others)
    }
    setImmediate(others)
    await session.info()
    isDone = true
    expect(turns).toBeGreaterThan(5)
  })

  it('looks for topics where a message begins, and forgets the rarest words', async () => {
    const distinct = (n: number) => Array.from({ length: 300 }, (_, m) => `u${n}q${m}`).join(' ')
    const texts = Array.from({ length: 40 }, (_, n) => `${n % 2 === 0 ? 'phone' : ''} ${distinct(n)}`)
    const { session } = await place([...texts, `${' '.repeat(60_000)} laptop`])
    const { topics } = await session.info()
    expect(topics[0]).toEqual({ word: 'phone', count: 20 })
    expect(topics.map(({ word }) => word)).not.toContain('laptop')
  })
})
