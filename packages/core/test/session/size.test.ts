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
    const { bytes } = (await sessions.for(alice).get(session.id)).record
    expect(bytes).toBeLessThanOrEqual(200_000)
    expect(bytes + bytes / appends, 'ten messages more').toBeGreaterThan(200_000)
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
    const { bytes } = (await sessions.for(alice).get(session.id)).record
    // The last answer is never refused.
    expect(bytes - bytes / turns / 2).toBeLessThanOrEqual(100_000)
    expect(bytes + bytes / turns).toBeGreaterThan(100_000)
  })

  it('begins anew after a reset', async () => {
    const session = await service({ limits: { maxSessionBytes: 100_000 } })
      .for(alice)
      .create()
    await fill(session, 'too_large')
    await session.reset()
    expect(await fill(session, 'too_large')).toBeGreaterThanOrEqual(9)
  })

  it('takes again what it has, also where it is full', async () => {
    const limits = { maxSessionBytes: 10_000, maxMessages: 5 }
    const session = await service({ limits }).for(alice).create()
    const known = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ ...words(10), id }))
    await session.append(known)
    expect((await session.append(known)).map(({ inserted }) => inserted)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ])
    expect(await codeOf(session.append(words(10)))).toBe('limit_reached')
  })

  it('costs nothing', async () => {
    const { store, calls } = counted()
    const session = await service({ store }).for(alice).create()
    for (let message = 0; message < 320; message++) await session.append(words(10))
    // The read belongs to the creation.
    expect(calls).toEqual(['commit', 'read', ...Array.from({ length: 320 }, () => 'commit')])
  })
})
