import { describe, expect, it } from 'vitest'
import { memoryStore, type Session, type SessionStore } from '../../src/index.js'
import { alice, codeOf, service } from '../service.js'

const words = (bytes: number) => ({ role: 'user' as const, content: 'x'.repeat(bytes) })
const ten = (bytes: number) => Array.from({ length: 10 }, () => words(bytes))

/** A memory store that tells which calls were made. */
function counted(): { store: SessionStore; calls: string[] } {
  const calls: string[] = []
  const store = new Proxy(memoryStore(), {
    get(target, name) {
      const found: unknown = Reflect.get(target, name)
      if (typeof found !== 'function') return found
      return (...args: unknown[]): unknown => {
        calls.push(String(name))
        return Reflect.apply(found, target, args)
      }
    },
  })
  return { store, calls }
}

async function fill(session: Session, refused: string): Promise<number> {
  for (let appends = 0; appends < 100; appends++) {
    const code = await codeOf(session.append(ten(1000)))
    if (code === 'settled') continue
    expect(code).toBe(refused)
    return appends
  }
  throw new Error('never refused')
}

describe('limits.maxSessionBytes', () => {
  it('refuses an append and a turn over it, before a model is asked, and stores nothing', async () => {
    const sessions = service({ limits: { maxSessionBytes: 200_000 } })
    const session = await sessions.for(alice).create()
    const appends = await fill(session, 'too_large')
    // 32 messages more at most.
    expect(appends).toBeGreaterThanOrEqual(19)
    expect(appends).toBeLessThanOrEqual(23)
    const again = await sessions.for(alice).get(session.id)
    const { lastSeq } = again.record
    await expect(again.append(words(20_000))).rejects.toMatchObject({ code: 'too_large', path: 'messages' })
    let asked = 0
    const respond = () => {
      asked++
      return 'fine'
    }
    expect(await codeOf(again.turn('x'.repeat(40_000), respond).result)).toBe('too_large')
    expect(asked).toBe(0)
    expect((await sessions.for(alice).get(session.id)).record.lastSeq).toBe(lastSeq)
    await again.state.merge({ still: 'here' })
  })

  it('counts bytes of UTF-8, not letters, and one message more than all', async () => {
    const session = await service({ limits: { maxSessionBytes: 10_000 } })
      .for(alice)
      .create()
    await session.append({ role: 'user', content: 'ж'.repeat(4900) })
    expect(await codeOf(session.append({ role: 'user', content: 'ж'.repeat(5000) }))).toBe('too_large')
  })

  it('counts what turns and other handles have stored', async () => {
    const sessions = service({ limits: { maxSessionBytes: 100_000 } })
    const session = await sessions.for(alice).create()
    let turns = 0
    for (; turns < 100; turns++) {
      const own = await sessions.for(alice).get(session.id)
      const code = await codeOf(own.turn('x'.repeat(1000), () => 'y'.repeat(1000)).result)
      if (code !== 'settled') break
    }
    expect(turns).toBeGreaterThanOrEqual(45)
    expect(turns).toBeLessThanOrEqual(70)
  })

  it('begins anew after a reset', async () => {
    const session = await service({ limits: { maxSessionBytes: 100_000 } })
      .for(alice)
      .create()
    await fill(session, 'too_large')
    await session.reset()
    expect(await fill(session, 'too_large')).toBeGreaterThanOrEqual(9)
  })

  it('counts the messages of a fork from the first, and those alone that were copied', async () => {
    const mine = service({ limits: { maxSessionBytes: 100_000 } }).for(alice)
    const session = await mine.create()
    await fill(session, 'too_large')
    const fork = await mine.fork(session)
    expect(await codeOf(fork.append(words(1000)))).toBe('too_large')
    const half = await mine.fork(session, { atSeq: session.record.lastSeq / 2 })
    expect(await codeOf(half.append(words(30_000)))).toBe('settled')
    expect(await codeOf((await mine.get(half.id)).append(words(60_000)))).toBe('too_large')
  })

  it('costs one read for each 32 messages, whatever came before', async () => {
    const { store, calls } = counted()
    const session = await service({ store }).for(alice).create()
    for (let message = 0; message < 320; message++) await session.append(words(10))
    const made = (name: string) => calls.filter((call) => call === name).length
    expect([made('commit'), made('messages')]).toEqual([1 + 320 + 10, 10])
  })
})
