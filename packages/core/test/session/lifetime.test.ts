import { afterEach, describe, expect, it, vi } from 'vitest'
import { createSessions, memoryStore, type SessionsOptions, type SessionTtl } from '../../src/index.js'
import { apiFixture, ApiClient } from '../../src/testing.js'
import { alice, codeOf } from '../service.js'

const dayMs = 24 * 3_600_000

/** A service whose store's clock, and the process's, stand still until they are moved. */
function clocked(ttl: SessionsOptions['ttl'] = {}) {
  const clock = { now: 1_800_000_000_000 }
  vi.spyOn(Date, 'now').mockImplementation(() => clock.now)
  const store = memoryStore({ clock: () => clock.now })
  const mine = createSessions({ store, ttl }).for(alice)
  return { clock, mine }
}

afterEach(() => void vi.restoreAllMocks())

describe('a session with a lifetime of its own', () => {
  it('lives as long as it was made for, through every kind of write, whatever handle makes it', async () => {
    const { clock, mine } = clocked({ idleMs: dayMs, absoluteMs: 30 * dayMs })
    const session = await mine.create({ ttl: { idleMs: 7 * dayMs, absoluteMs: 90 * dayMs } })
    const left = () => session.record.expiresAt! - clock.now
    expect(left()).toBe(7 * dayMs)
    clock.now += 3 * dayMs
    await session.append({ role: 'user', content: 'hello' })
    expect(left()).toBe(7 * dayMs)
    clock.now += 3 * dayMs
    const again = await mine.get(session.id)
    await again.append({ role: 'user', content: 'still here' })
    expect(again.record.expiresAt! - clock.now).toBe(7 * dayMs)
    clock.now += 3 * dayMs
    await session.state.merge({ a: 1 })
    expect(left()).toBe(7 * dayMs)
    clock.now += 3 * dayMs
    await session.turn('and?', () => 'fine').result
    expect((await mine.get(session.id)).record.expiresAt! - clock.now).toBe(7 * dayMs)
    clock.now += 7 * dayMs
    expect(await mine.find(session.id)).toBeUndefined()
  })

  it('ends at its own age, and what it does not say is as the service has it', async () => {
    const { clock, mine } = clocked({ idleMs: 10 * dayMs, absoluteMs: 30 * dayMs })
    const session = await mine.create({ ttl: { absoluteMs: 12 * dayMs } })
    expect(session.record.expiresAt).toBe(clock.now + 10 * dayMs)
    clock.now += 9 * dayMs
    await session.state.merge({ a: 1 })
    expect(session.record.expiresAt).toBe(clock.now + 3 * dayMs)
  })

  it('may live for ever where others do not, and the other way round', async () => {
    const { mine } = clocked()
    const endless = await mine.create({ ttl: { idleMs: Infinity, absoluteMs: Infinity } })
    await endless.state.merge({ a: 1 })
    expect((await mine.get(endless.id)).record.expiresAt).toBeUndefined()
    const { clock, mine: others } = clocked({ idleMs: Infinity, absoluteMs: Infinity })
    const brief = await others.create({ ttl: { idleMs: dayMs } })
    await brief.append({ role: 'user', content: 'hello' })
    expect(brief.record.expiresAt).toBe(clock.now + dayMs)
  })

  it('passes it on to its forks', async () => {
    const { clock, mine } = clocked()
    const fork = await mine.fork(await mine.create({ ttl: { idleMs: 7 * dayMs } }))
    expect(fork.record.expiresAt).toBe(clock.now + 7 * dayMs)
  })

  it.each([
    [{ idleMs: 0 }, 'ttl.idleMs'],
    [{ idleMs: -1 }, 'ttl.idleMs'],
    [{ absoluteMs: Number.NaN }, 'ttl.absoluteMs'],
    [{ idle: 5 } as SessionTtl, 'ttl.idle'],
  ])('is refused as %j', async (ttl, path) => {
    const { mine } = clocked()
    await expect(mine.create({ ttl })).rejects.toMatchObject({ code: 'invalid', path })
    expect((await mine.list()).items).toEqual([])
  })
})

describe('deadlines', () => {
  it('are a day after the last write and thirty after the first, unless the service says otherwise', async () => {
    const { clock, mine } = clocked()
    const session = await mine.create()
    expect(session.record.expiresAt).toBe(clock.now + dayMs)
    const oldest = clock.now + 30 * dayMs
    for (let day = 0; day < 80 && clock.now + dayMs / 2 < oldest; day++) {
      clock.now += dayMs / 2
      await session.state.merge({ day: `${clock.now}` })
    }
    expect(session.record.expiresAt).toBe(oldest)
  })

  it('are those of every credential: it opens nothing from that moment on', async () => {
    const { clock, mine } = clocked()
    const credential = await (await mine.create()).credential()
    clock.now += dayMs - 1
    expect(await mine.findByCredential(credential)).toBeDefined()
    clock.now += 1
    expect(await mine.findByCredential(credential)).toBeUndefined()
  })

  it('move by reading several times in the life of a session, however short it is', async () => {
    const { clock, mine } = clocked({ idleMs: 20_000, refreshOnRead: true })
    await mine.create({ id: 'one' })
    for (let read = 0; read < 10; read++) {
      clock.now += 6000
      await mine.get('one')
    }
    const before = (await mine.get('one')).record.expiresAt
    clock.now += 5000
    expect((await mine.get('one')).record.expiresAt).toBe(before)
  })
})

describe('extend', () => {
  it('moves the deadline, now and with every later write', async () => {
    const { clock, mine } = clocked({ idleMs: dayMs })
    const session = await mine.create()
    clock.now += dayMs / 2
    expect(await session.extend({ idleMs: 7 * dayMs })).toBe(clock.now + 7 * dayMs)
    clock.now += 2 * dayMs
    const again = await mine.get(session.id)
    await again.append({ role: 'user', content: 'hello' })
    expect(again.record.expiresAt).toBe(clock.now + 7 * dayMs)
    expect(await again.extend({ idleMs: 3_600_000 })).toBe(clock.now + 3_600_000)
  })

  it('does not outlive the age that ends the session, unless that is moved too', async () => {
    const { clock, mine } = clocked({ idleMs: dayMs, absoluteMs: 30 * dayMs })
    const session = await mine.create()
    const createdAt = clock.now
    expect(await session.extend({ idleMs: 60 * dayMs })).toBe(createdAt + 30 * dayMs)
    expect(await session.extend({ absoluteMs: 90 * dayMs })).toBe(clock.now + 60 * dayMs)
  })

  it('takes no deadline away, brings no dead session back, and is nobody else’s to ask for', async () => {
    const { clock, mine } = clocked()
    const session = await mine.create()
    expect(await codeOf(session.extend({ idleMs: Infinity, absoluteMs: Infinity }))).toBe('invalid')
    expect(await codeOf(session.extend({}))).toBe('invalid')
    clock.now += dayMs
    expect(await codeOf(session.extend({ idleMs: dayMs }))).toBe('not_found')
  })
})

describe('over HTTP', () => {
  const open = (clientTtl?: { maxIdleMs: number; maxAbsoluteMs?: number }) => {
    const api = apiFixture(clientTtl === undefined ? {} : { clientTtl })
    return new ApiClient(
      (path, init) => api.handle(new Request(`https://api.test${path}`, init)),
      'acme/alice',
    )
  }
  const left = ({ body }: { body: unknown }) => {
    const { session } = body as { session: { expiresAt: string; updatedAt: string } }
    return Date.parse(session.expiresAt) - Date.parse(session.updatedAt)
  }

  it('is the host’s alone to say, unless it lends it', async () => {
    const client = open()
    expect(await client.post('/sessions', { ttl: { idleMs: 1000 } })).toMatchObject({
      status: 422,
      body: { path: 'ttl.idleMs' },
    })
    const id = await client.newSession()
    expect((await client.post(`/sessions/${id}/extend`, { idleMs: 1000 })).status).toBe(404)
  })

  it('is a client’s up to a measure', async () => {
    const client = open({ maxIdleMs: 7 * dayMs })
    const made = await client.post('/sessions', { ttl: { idleMs: 2 * dayMs } })
    expect([made.status, left(made)]).toEqual([201, 2 * dayMs])
    const { id } = (made.body as { session: { id: string } }).session
    const extended = await client.post(`/sessions/${id}/extend`, { idleMs: 7 * dayMs })
    expect([extended.status, left(extended)]).toEqual([200, 7 * dayMs])
    for (const [body, status] of [
      [{ idleMs: 7 * dayMs + 1 }, 422],
      [{ absoluteMs: 1000 }, 422],
      [{ idleMs: 0 }, 400],
      [{}, 400],
    ] as const) {
      expect((await client.post(`/sessions/${id}/extend`, body)).status).toBe(status)
    }
    const stale = await client.post(
      `/sessions/${id}/extend`,
      { idleMs: dayMs },
      { 'If-Match': made.headers.get('etag')! },
    )
    expect(stale.status).toBe(412)
  })
})
