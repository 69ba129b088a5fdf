import { describe, expect, it, vi } from 'vitest'
import { createSessions, memoryStore } from '../src/index.js'
import { admin, alice, anonymous, bob, codeOf, elsewhere, service } from './service.js'

describe('createSessions', () => {
  it('works with nothing', async () => {
    const session = await createSessions().for(alice).open('support-123')
    await session.append({ role: 'user', content: 'Hi' })
    expect((await session.history()).messages.map((message) => message.content)).toEqual(['Hi'])
  })

  it('warns once each in production, of the memory store and of missing secrets', () => {
    vi.stubEnv('NODE_ENV', 'production')
    const codes: string[] = []
    createSessions({ onWarning: ({ code }) => codes.push(code) })
    createSessions({
      store: memoryStore(),
      credentialSecrets: ['x'.repeat(32)],
      onWarning: ({ code }) => codes.push(code),
    })
    expect(codes).toEqual(['memory_store_in_production', 'no_credential_secrets'])
    vi.unstubAllEnvs()
  })

  it.each([
    [{ ttl: { idleMs: 0 } }, 'ttl.idleMs'],
    [{ ttl: { absoluteMs: Number.NaN } }, 'ttl.absoluteMs'],
    [{ limits: { maxSessions: 0 } }, 'limits.maxSessions'],
    [{ credentialSecrets: ['short'] }, 'credentialSecrets[0]'],
  ])('refuses %j at the start', (options, path) => {
    expect(() => createSessions(options)).toThrow(expect.objectContaining({ code: 'invalid', path }))
  })

  it.each([{ tenantId: '' }, { tenantId: '~slots:acme' }, { tenantId: 'acme', userId: '' }])(
    'refuses the identity %j',
    (identity) => {
      expect(() => createSessions().for(identity)).toThrow(expect.objectContaining({ code: 'invalid' }))
    },
  )

  it('goes on when a listener throws, and says so each time, with the cause', async () => {
    const warnings: string[] = []
    const sessions = createSessions({
      onEvent: () => {
        throw new Error('listener')
      },
      onWarning: ({ code, cause }) => warnings.push(`${code}: ${(cause as Error).message}`),
    })
    const session = await sessions.for(alice).create()
    await session.append({ role: 'user', content: 'Hi' })
    expect(warnings).toEqual(['listener_failed: listener', 'listener_failed: listener'])
  })
})

describe('create, open, get, find', () => {
  it('creates once: of 20 at the same id one wins', async () => {
    const mine = service().for(alice)
    const codes = await Promise.all(Array.from({ length: 20 }, () => codeOf(mine.create({ id: 'one' }))))
    expect(codes.filter((code) => code === 'settled')).toHaveLength(1)
    expect(codes.filter((code) => code === 'conflict')).toHaveLength(19)
  })

  it('opens one session for all: 20 at once get the same, made once', async () => {
    const sessions = service()
    const opened = await Promise.all(Array.from({ length: 20 }, () => sessions.for(alice).open('one')))
    expect(new Set(opened.map((session) => session.record.incarnation)).size).toBe(1)
    expect(sessions.events.filter((event) => event.type === 'session.created')).toHaveLength(1)
  })

  it('starts a session with what it is given', async () => {
    const session = await service()
      .for(alice)
      .create({
        title: 'Phones',
        label: 'support',
        state: { phase: 'start' },
        preferences: { budget: 500 },
        cart: [{ sku: 'P', name: 'Phone', price: { amount: 1, currency: 'USD' } }],
        messages: [{ role: 'assistant', content: 'Hello' }],
      })
    expect(session.record).toMatchObject({ title: 'Phones', label: 'support', userId: 'alice', lastSeq: 1 })
    expect(await session.state.get()).toEqual({ phase: 'start' })
    expect(await session.preferences.get()).toEqual({ budget: 500 })
    expect((await session.cart.get()).items).toHaveLength(1)
  })

  it.each([
    [{ id: '' }, 'id'],
    [{ title: 'x'.repeat(201) }, 'title'],
    [{ state: JSON.parse('{"__proto__":{}}') }, 'state.__proto__'],
    [
      {
        messages: [
          { role: 'user', content: 'a' },
          { role: 'robot', content: 'b' },
        ],
      },
      'messages[1].role',
    ],
  ])('stores nothing for bad input: %j', async (init, path) => {
    const sessions = service()
    await expect(sessions.for(alice).create(init as never)).rejects.toMatchObject({ code: 'invalid', path })
    expect((await sessions.for(admin).list()).items).toEqual([])
  })

  it('never makes a session by looking', async () => {
    const sessions = service()
    expect(await sessions.for(alice).find('nope')).toBeUndefined()
    expect(await codeOf(sessions.for(alice).get('nope'))).toBe('not_found')
    expect(await codeOf(sessions.for(alice).delete('nope'))).toBe('not_found')
    expect((await sessions.for(admin).list()).items).toEqual([])
  })
})

describe('ownership', () => {
  const methods = ['get', 'find', 'open', 'delete'] as const
  const callers = { bob, anonymous, elsewhere } as const

  for (const method of methods) {
    for (const [name, caller] of Object.entries(callers)) {
      it(`${method} by ${name} does not reach alice's session`, async () => {
        const sessions = service()
        const hers = await sessions
          .for(alice)
          .create({ id: 'hers', messages: [{ role: 'user', content: 'secret' }] })
        const theirs = sessions.for(caller)
        const outcome = await theirs[method]('hers').catch((error: { code: string }) => error.code)
        if (method === 'find') expect(outcome).toBeUndefined()
        else if (method === 'open' && name === 'elsewhere')
          expect(outcome).toMatchObject({ tenantId: 'other' })
        else expect(outcome).toBe('not_found')
        expect((await hers.history()).messages).toHaveLength(1)
      })
    }
  }

  it('says the same of unknown, foreign, expired and deleted', async () => {
    const sessions = service()
    const mine = sessions.for(alice)
    await sessions.for(bob).create({ id: 'foreign' })
    await mine.create({ id: 'deleted' })
    await mine.delete('deleted')
    const errors = await Promise.all(
      ['unknown', 'foreign', 'deleted'].map((id) => mine.get(id).catch((error: Error) => ({ ...error }))),
    )
    expect(errors[1]).toEqual(errors[0])
    expect(errors[2]).toEqual(errors[0])
  })

  it('lets an admin of the tenant in, and tells of who was refused', async () => {
    const sessions = service()
    await sessions.for(alice).create({ id: 'hers' })
    expect((await sessions.for(admin).get('hers')).id).toBe('hers')
    await sessions.for(bob).find('hers')
    expect(sessions.events.at(-1)).toMatchObject({
      type: 'access.denied',
      sessionId: 'hers',
      reason: 'owner',
    })
  })

  it('leaves an anonymous session to whoever holds its credential', async () => {
    const sessions = service()
    const session = await sessions.for(anonymous).create()
    expect(await sessions.for(anonymous).find(session.id)).toBeUndefined()
    expect(await sessions.for(alice).find(session.id)).toBeUndefined()
    const credential = await session.credential()
    expect((await sessions.for(anonymous).findByCredential(credential))?.id).toBe(session.id)
    expect((await sessions.for(alice).findByCredential(credential))?.id).toBe(session.id)
    expect(await sessions.for(elsewhere).findByCredential(credential)).toBeUndefined()
  })

  it('gives an anonymous session to a user once, and voids the credential it had', async () => {
    const sessions = service()
    const session = await sessions.for(anonymous).create()
    const old = await session.credential()
    const held = (await sessions.for(alice).findByCredential(old))!
    const credential = await held.bind()
    expect(await sessions.for(alice).findByCredential(old)).toBeUndefined()
    expect((await sessions.for(alice).findByCredential(credential))?.record.userId).toBe('alice')
    expect(await sessions.for(bob).findByCredential(credential)).toBeUndefined()
    expect(await sessions.for(anonymous).findByCredential(credential)).toBeUndefined()
    expect((await sessions.for(alice).list()).items.map(({ id }) => id)).toEqual([session.id])
    expect(await codeOf(session.state.merge({ a: 1 }))).toBe('not_found')
    expect(await codeOf(session.bind())).toBe('unauthenticated')
  })

  it('lets one of two users who hold the same credential own the session', async () => {
    const sessions = service()
    const credential = await (await sessions.for(anonymous).create()).credential()
    const held = await Promise.all(
      [alice, bob].map(async (who) => (await sessions.for(who).findByCredential(credential))!),
    )
    const codes = await Promise.all(held.map((session) => codeOf(session.bind())))
    expect(codes.toSorted()).toEqual(['not_found', 'settled'])
  })
})

describe('credentials', () => {
  it('die with the rotation, with the session, and do not open one made anew under the id', async () => {
    const sessions = service()
    const mine = sessions.for(alice)
    const session = await mine.create({ id: 'one' })
    const first = await session.credential()
    const second = await session.rotateCredential()
    expect(await mine.findByCredential(first)).toBeUndefined()
    expect((await mine.findByCredential(second))?.id).toBe('one')
    await session.delete()
    await mine.create({ id: 'one' })
    expect(await mine.findByCredential(second)).toBeUndefined()
  })

  it('touch no store when forged', async () => {
    const store = memoryStore()
    const read = vi.spyOn(store, 'read')
    const sessions = createSessions({ store })
    for (const forged of ['', 'x', 'a.b.1.c', 'x'.repeat(10_000)]) {
      expect(await sessions.for(alice).findByCredential(forged)).toBeUndefined()
    }
    expect(read).not.toHaveBeenCalled()
  })
})

describe('draft', () => {
  it('leaves no trace until its first write, and is stored once then', async () => {
    const sessions = service()
    const handed: string[] = []
    const draft = sessions.for(alice).draft({ afterCreate: (session) => void handed.push(session.id) })
    expect(await draft.history()).toEqual({ messages: [] })
    expect(await draft.state.get()).toEqual({})
    expect((await draft.cart.get()).items).toEqual([])
    expect((await draft.info()).messages.total).toBe(0)
    await draft.reset()
    expect((await sessions.for(admin).list()).items).toEqual([])
    expect(draft.isStored).toBe(false)

    await Promise.all([
      draft.append({ role: 'user', content: 'Hi' }),
      draft.preferences.merge({ a: 1 }),
      draft.state.merge({ b: 2 }),
    ])
    expect(handed).toEqual([draft.id])
    expect(draft.isStored).toBe(true)
    const again = await sessions.for(alice).get(draft.id)
    expect((await again.history()).messages).toHaveLength(1)
    expect(await again.preferences.get()).toEqual({ a: 1 })
    expect(await again.state.get()).toEqual({ b: 2 })
  })

  it('stores nothing when it may not be handed over, nor for bad input', async () => {
    const sessions = service()
    const draft = sessions.for(alice).draft({
      beforeCreate: () => {
        throw Object.assign(new Error('headers are out'), { code: 'headers_sent' })
      },
    })
    expect(await codeOf(draft.append({ role: 'user', content: 'Hi' }))).toBe('headers_sent')
    const other = sessions.for(alice).draft()
    expect(await codeOf(other.append({ role: 'robot' as never, content: 'Hi' }))).toBe('invalid')
    expect((await sessions.for(admin).list()).items).toEqual([])
  })
})

describe('list', () => {
  it('pages through the sessions of the caller alone, each once', async () => {
    const sessions = service()
    const ids: string[] = []
    for (let index = 0; index < 7; index++)
      ids.push((await sessions.for(alice).create({ label: index < 3 ? 'a' : 'b' })).id)
    await sessions.for(bob).create()
    await sessions.for(elsewhere).create()
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await sessions.for(alice).list({ limit: 3, ...(cursor === undefined ? {} : { cursor }) })
      seen.push(...page.items.map(({ id }) => id))
      cursor = page.cursor
    } while (cursor !== undefined)
    expect(seen.toSorted()).toEqual(ids.toSorted())
    expect((await sessions.for(alice).list({ label: 'a' })).items).toHaveLength(3)
    expect((await sessions.for(admin).list()).items).toHaveLength(8)
    expect((await sessions.for(admin).list({ userId: 'bob' })).items).toHaveLength(1)
    expect((await sessions.for(alice).list({ userId: 'bob' })).items).toHaveLength(7)
    expect((await sessions.for(anonymous).list()).items).toEqual([])
    for (const userId of ['', 'a\u0000', 'x'.repeat(300)]) {
      const all = sessions.for(admin)
      const calls = [all.list({ userId }), all.count({ userId }), all.search({ text: 'a', userId })]
      expect(await Promise.all(calls.map(codeOf))).toEqual(calls.map(() => 'invalid'))
    }
    await expect(sessions.for(alice).list({ cursor: 'junk' })).rejects.toMatchObject({
      code: 'invalid',
      path: 'cursor',
    })
    await expect(sessions.for(alice).list({ limit: 0 })).rejects.toMatchObject({
      code: 'invalid',
      path: 'limit',
    })
  })
})

describe('maxSessions', () => {
  it('admits exactly as many as it says, however many come at once', async () => {
    const sessions = service({ limits: { maxSessionsPerUser: 5 } })
    const codes = await Promise.all(Array.from({ length: 40 }, () => codeOf(sessions.for(alice).create())))
    expect(codes.filter((code) => code === 'settled')).toHaveLength(5)
    expect(codes.filter((code) => code === 'limit_reached')).toHaveLength(35)
    expect((await sessions.for(alice).list()).items).toHaveLength(5)
    expect(await codeOf(sessions.for(bob).create())).toBe('settled')
  })

  it('counts live sessions: one that ended makes room, an expired one too', async () => {
    let now = 1_000_000
    const store = memoryStore({ clock: () => now })
    const sessions = service({ store, ttl: { idleMs: 1000 }, limits: { maxSessions: 2 } })
    const mine = sessions.for(alice)
    const first = await mine.create()
    await mine.create()
    expect(await codeOf(mine.create())).toBe('limit_reached')
    await first.delete()
    expect(await codeOf(mine.create())).toBe('settled')
    expect(await codeOf(mine.create())).toBe('limit_reached')
    now += 1001
    expect(await codeOf(mine.create())).toBe('settled')
  })

  it('evicts the least active instead, when told to', async () => {
    let now = 1_000_000
    const store = memoryStore({ clock: () => now })
    const sessions = service({ store, limits: { maxSessionsPerUser: 2, whenFull: 'evict' } })
    const mine = sessions.for(alice)
    const [first, second] = [await mine.create(), ((now += 10), await mine.create())]
    now += 120_000
    await first.append({ role: 'user', content: 'still here' })
    const third = await mine.create()
    expect((await mine.list()).items.map(({ id }) => id).toSorted()).toEqual([first.id, third.id].toSorted())
    expect(await mine.find(second.id)).toBeUndefined()
    expect(sessions.events.find((event) => event.type === 'session.evicted')?.sessionId).toBe(second.id)
  })
})

describe('deadlines', () => {
  it('end a session after idleness, or at its age whatever it does', async () => {
    let now = 1_000_000
    const store = memoryStore({ clock: () => now })
    const sessions = service({ store, ttl: { idleMs: 100, absoluteMs: 250 } })
    const session = await sessions.for(alice).create({ id: 'one' })
    for (let step = 0; step < 2; step++) {
      now += 90
      await session.append({ role: 'user', content: 'busy' })
    }
    now += 69
    expect((await sessions.for(alice).find('one'))?.id).toBe('one')
    now += 1
    expect(await sessions.for(alice).find('one')).toBeUndefined()
    expect(await codeOf(session.append({ role: 'user', content: 'late' }))).toBe('not_found')
    expect(await codeOf(session.cart.get())).toBe('not_found')
    await sessions.for(alice).create({ id: 'two' })
    now += 101
    expect(await sessions.sweep()).toBe(1)
  })

  it('move by reading only when told so, and then at most once a minute', async () => {
    let now = Date.now()
    const store = memoryStore({ clock: () => now })
    vi.spyOn(Date, 'now').mockImplementation(() => now)
    const still = service({ store, ttl: { idleMs: 300_000 } })
    const session = await still.for(alice).create({ id: 'one' })
    const deadline = session.record.expiresAt!
    const moving = service({ store, ttl: { idleMs: 300_000, refreshOnRead: true } })
    now += 30_000
    expect((await moving.for(alice).get('one')).record.expiresAt).toBe(deadline)
    now += 40_000
    expect((await still.for(alice).get('one')).record.expiresAt).toBe(deadline)
    expect((await moving.for(alice).get('one')).record.expiresAt).toBe(deadline + 70_000)
    vi.restoreAllMocks()
  })

  it('end a history on its own, while the session lives on', async () => {
    let now = Date.now()
    const store = memoryStore({ clock: () => now })
    vi.spyOn(Date, 'now').mockImplementation(() => now)
    const sessions = service({ store, ttl: { historyMs: 1000 } })
    const session = await sessions.for(alice).create()
    await session.append({ role: 'user', content: 'old' })
    await session.preferences.merge({ kept: true })
    now += 1000
    expect((await session.history()).messages).toHaveLength(1)
    await session.append({ role: 'user', content: 'in time' })
    now += 1001
    expect(await session.history()).toEqual({ messages: [] })
    await session.append({ role: 'user', content: 'new' })
    expect((await session.history({ branch: 'all' })).messages.map(({ content }) => content)).toEqual(['new'])
    expect(await session.preferences.get()).toEqual({ kept: true })
    expect(sessions.events.filter(({ type }) => type === 'history.expired')).toMatchObject([
      { sessionId: session.id, throughSeq: 2, actor: 'system' },
    ])
    vi.restoreAllMocks()
  })
})
