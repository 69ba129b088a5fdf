import { describe, expect, it } from 'vitest'
import { createSessions, memoryStore, type SessionStore, SessionError } from '../../src/index.js'
import type { SessionBus } from '../../src/bus/session-bus.js'
import { codeOf } from '../service.js'

/** A store whose reads do as told. */
function reading(read: SessionStore['read']): SessionStore {
  return Object.assign(Object.create(memoryStore()) as SessionStore, { read })
}

const bus = (isUp: boolean): SessionBus => ({
  isUp,
  publish: () => {},
  subscribe: async () => async () => {},
  close: async () => {},
})

describe('health', () => {
  it('says that the service can work, and how long its store took', async () => {
    const health = await createSessions().health()
    expect(health).toEqual({ ok: true, store: { ok: true, latencyMs: expect.any(Number) }, isClosing: false })
  })

  it('says why a store cannot be used, also when it does not answer', async () => {
    const down = reading(() => Promise.reject(new SessionError('unavailable', 'down')))
    expect(await createSessions({ store: down }).health()).toMatchObject({
      ok: false,
      store: { ok: false, code: 'unavailable' },
    })
    const broken = reading(() => Promise.reject(new TypeError('wrong')))
    expect((await createSessions({ store: broken }).health()).store).toMatchObject({ code: 'internal' })
    const silent = reading(() => new Promise(() => {}))
    const health = await createSessions({ store: silent }).health({ timeoutMs: 5 })
    expect(health).toMatchObject({ ok: false, store: { code: 'unavailable' } })
  })

  it('tells of the bus, without which the service works', async () => {
    expect(await createSessions({ bus: bus(true) }).health()).toMatchObject({ ok: true, bus: { ok: true } })
    expect(await createSessions({ bus: bus(false) }).health()).toMatchObject({ ok: true, bus: { ok: false } })
  })

  it('is not ok from when the service closes, and refuses wrong options alone', async () => {
    const sessions = createSessions()
    const closing = sessions.close()
    expect(await sessions.health()).toMatchObject({ ok: false, isClosing: true, store: { ok: true } })
    await closing
    expect(await sessions.health()).toMatchObject({ ok: false, isClosing: true })
    expect(await codeOf(sessions.health({ timeoutMs: 0 }))).toBe('invalid')
  })
})
