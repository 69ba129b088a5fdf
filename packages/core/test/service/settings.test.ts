import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  memoryBus,
  memoryStore,
  SessionError,
  type SessionsOptions,
  type SessionStore,
} from '../../src/index.js'
import { checkWhole, countSessions, listScope } from '../../src/service/list-scope.js'
import { createService } from '../../src/service/service.js'
import { sweepEvery } from '../../src/service/sweep-every.js'

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  vi.useRealTimers()
})

const hour = 3_600_000
const day = 24 * hour

describe('what a service goes by', () => {
  it('is what its options say, and otherwise this', () => {
    const service = createService({})
    expect(service).toMatchObject({
      ttl: { idleMs: day, absoluteMs: 30 * day, historyMs: Infinity, refreshOnRead: false },
      limits: {
        maxSessions: Infinity,
        maxSessionsPerUser: Infinity,
        whenFull: 'reject',
        maxMessages: 100_000,
        maxMessageLength: 524_288,
        maxSessionBytes: 104_857_600,
        maxSessionLength: 65_536,
      },
      shownAgeMs: 0,
      budgets: [],
      context: { summarizeTimeoutMs: 60_000 },
      suspicion: { misses: 20, outdated: 5, windowMs: 60_000 },
      experiments: {},
      privacy: { fenceMs: hour, onErase: [], afterErase: [] },
      turns: {
        policy: 'reject',
        leaseMs: 30_000,
        heartbeatMs: 2000,
        flushMs: 200,
        keepMs: 600_000,
        queueMs: 60_000,
        maxSteps: 8,
        toolTimeoutMs: 30_000,
      },
    })
    for (const name of ['bus', 'consent', 'audit', 'usage', 'analytics', 'search', 'redaction'] as const)
      expect(service[name], name).toBeUndefined()
    expect([
      service.adminReads('t'),
      service.retentionOf('t'),
      service.hasLastingSecrets,
      service.counting,
    ]).toEqual([true, {}, true, { given: undefined }])
    expect(service.ledgers).toBe(service.store)
  })

  it('is what they say', () => {
    const bus = memoryBus()
    const store = memoryStore()
    const secrets = ['a secret of the audit that is long enough']
    const ttl = { idleMs: 1, absoluteMs: 2, historyMs: 3, refreshOnRead: true }
    const options: SessionsOptions = {
      store,
      bus,
      ttl,
      limits: { maxSessions: 9, maxSessionsPerUser: 8, whenFull: 'oldest' as never, maxMessages: 7 },
      reads: { maxAgeMs: 5 },
      turns: { leaseMs: 4000, heartbeatMs: 9000, keepMs: 1, maxSteps: 2, policy: 'queue' },
      adminReads: (tenantId) => tenantId === 'open',
      retention: (tenantId) => (tenantId === 'kept' ? { memoryMs: 7 } : {}),
      audit: { secrets },
      usage: {},
      analytics: {},
      search: {},
      context: { summarizeTimeoutMs: Infinity },
    }
    const service = createService(options)
    expect(service.ttl).toEqual(ttl)
    expect(service.limits).toMatchObject({
      maxSessions: 9,
      maxSessionsPerUser: 8,
      whenFull: 'oldest',
      maxMessages: 7,
    })
    expect([service.shownAgeMs, service.bus, service.store === store, service.hasLastingSecrets]).toEqual([
      5,
      bus,
      false,
      false,
    ])
    // A lease lasts several heartbeats, and is outlived by its record.
    expect(service.turns).toMatchObject({
      leaseMs: 4000,
      heartbeatMs: 1000,
      keepMs: 8000,
      maxSteps: 2,
      policy: 'queue',
    })
    expect(service.context.summarizeTimeoutMs).toBe(2 ** 31 - 1)
    expect([service.adminReads('open'), service.adminReads('shut')]).toEqual([true, false])
    expect([service.retentionOf('kept'), service.retentionOf('none')]).toEqual([{ memoryMs: 7 }, {}])
    expect(createService({ adminReads: false }).adminReads('t')).toBe(false)
    expect(createService({ retention: { memoryMs: 9 } }).retentionOf('t')).toEqual({ memoryMs: 9 })
    secrets.push('another')
    expect(service.audit).toEqual({ secrets: secrets.slice(0, 1), store: service.store })
    const own = memoryStore()
    expect(createService({ audit: { secrets, store: own } }).audit!.store).toBe(own)
    expect([service.usage, service.analytics, service.search]).toEqual([{}, {}, undefined])
    const around = vi.fn((inner: SessionStore) => ({ ...inner }))
    const wrapped = createService({ store }, around)
    expect([around.mock.calls[0]![0] === store, wrapped.store === store]).toEqual([true, false])
  })

  it.each<[string, object]>([
    ['ttl.idleMs', { ttl: { idleMs: 0 } }],
    ['ttl.absoluteMs', { ttl: { absoluteMs: 1.5 } }],
    ['ttl.historyMs', { ttl: { historyMs: -1 } }],
    ['context.keptMs', { context: { keptMs: Number.NaN } }],
    ['context.summarizeTimeoutMs', { context: { summarizeTimeoutMs: 0 } }],
    ['suspicion.windowMs', { suspicion: { windowMs: 0 } }],
    ['privacy.fenceMs', { privacy: { fenceMs: 0 } }],
    ['turns.leaseMs', { turns: { leaseMs: 0 } }],
    ['turns.heartbeatMs', { turns: { heartbeatMs: 0 } }],
    ['turns.flushMs', { turns: { flushMs: 0 } }],
    ['turns.keepMs', { turns: { keepMs: 0 } }],
    ['turns.queueMs', { turns: { queueMs: 0 } }],
    ['turns.toolTimeoutMs', { turns: { toolTimeoutMs: 0 } }],
  ])('refuses a time that is none: %s', (path, options) => {
    const message = `${path} must be a whole number of milliseconds above 0`
    expect(() => createService(options)).toThrow(expect.objectContaining({ code: 'invalid', path, message }))
  })

  it.each<[string, object]>([
    ...[
      'maxSessions',
      'maxSessionsPerUser',
      'maxMessages',
      'maxMessageLength',
      'maxSessionBytes',
      'maxSessionLength',
    ].map((name): [string, object] => [`limits.${name}`, { limits: { [name]: 0 } }]),
    ['suspicion.misses', { suspicion: { misses: 0 } }],
    ['suspicion.outdated', { suspicion: { outdated: Number.NaN } }],
    ['turns.maxSteps', { turns: { maxSteps: 0 } }],
    ['context.cacheBytes', { context: { cacheBytes: 0 } }],
  ])('refuses a limit that is none: %s', (path, options) => {
    const message = `${path} must be 1 or more`
    expect(() => createService(options)).toThrow(expect.objectContaining({ code: 'invalid', path, message }))
  })

  it('takes no age below 0', () => {
    const message = 'reads.maxAgeMs must be 0 milliseconds or more'
    for (const maxAgeMs of [-1, Number.NaN])
      expect(() => createService({ reads: { maxAgeMs } })).toThrow(
        expect.objectContaining({ code: 'invalid', path: 'reads.maxAgeMs', message }),
      )
  })

  it('warns of what is lost with its process, in production alone', () => {
    const warned = (env: string, options: object) => {
      vi.stubEnv('NODE_ENV', env)
      const warnings: unknown[] = []
      createService({ ...options, onWarning: (warning) => warnings.push(warning) })
      return warnings
    }
    const memory = {
      code: 'memory_store_in_production',
      message: 'Sessions are kept in the memory of this process: a restart loses them. Pass a store.',
    }
    const secrets = {
      code: 'no_credential_secrets',
      message:
        'Credentials and cursors are signed with a secret made at start: other processes, and this one after a restart, refuse them. Pass credentialSecrets.',
    }
    const credentialSecrets = ['a secret that is long enough for all of these tests']
    expect(warned('test', {})).toEqual([])
    expect(warned('production', {})).toEqual([memory, secrets])
    expect(warned('production', { store: memoryStore() })).toEqual([secrets])
    expect(warned('production', { credentialSecrets })).toEqual([memory])
    expect(warned('production', { store: memoryStore(), credentialSecrets })).toEqual([])
  })

  it('knows the time of its store once it has been told', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 })
    const { storeClock } = createService({})
    expect([storeClock.isKnown(), storeClock.now()]).toEqual([false, 1_000_000])
    storeClock.learn(5_000_000)
    vi.setSystemTime(1_000_050)
    expect([storeClock.isKnown(), storeClock.now()]).toEqual([true, 5_000_050])
  })

  it('has one of its own in memory, for what may be stored nowhere', async () => {
    const service = createService({ store: memoryStore(), bus: memoryBus() })
    const fleeting = service.inMemory()
    const ref = { tenantId: 't', id: 's' }
    await fleeting.store.commit(ref, { revision: 0 })
    expect([await service.store.read(ref), (await fleeting.store.read(ref)) === undefined]).toEqual([
      undefined,
      false,
    ])
    for (const name of ['store', 'wakeUps', 'storeClock', 'histories', 'tallies'] as const)
      expect(fleeting[name] === service[name], name).toBe(false)
    expect(fleeting.limits).toBe(service.limits)
  })
})

describe('a list', () => {
  it('is of the caller, and for an admin of whom it asks for', () => {
    const [user, admin, guest] = [
      { tenantId: 't', userId: 'u' },
      { tenantId: 't', userId: 'a', roles: ['admin'] },
      { tenantId: 't', roles: [] },
    ]
    expect(listScope(user, {})).toEqual({ tenantId: 't', userId: 'u' })
    expect(listScope(user, { userId: 'other', label: 'l' })).toEqual({
      tenantId: 't',
      userId: 'u',
      label: 'l',
    })
    expect(Object.keys(listScope(admin, {})!)).toEqual(['tenantId'])
    expect(listScope(admin, { userId: 'other' })).toEqual({ tenantId: 't', userId: 'other' })
    expect([listScope(guest, {}), listScope(guest, { userId: 'u' })]).toEqual([undefined, undefined])
    expect(() => listScope(admin, { userId: '' })).toThrow(expect.objectContaining({ path: 'userId' }))
  })

  it('is counted page by page, and no further than asked', async () => {
    const asked: object[] = []
    const store = {
      list: async (query: { limit: number; cursor?: string }) => {
        asked.push(query)
        const from = Number(query.cursor ?? 0)
        const items = Array.from({ length: Math.min(query.limit, 2500 - from) }, (_, at) => ({
          id: `s${from + at}`,
          activeAt: -1000 * (from + at),
        }))
        return from + items.length < 2500 ? { items, cursor: String(from + items.length) } : { items }
      },
    } as unknown as SessionStore
    const count = async (atMost: number) => countSessions(store, { tenantId: 't' }, atMost)
    expect([await count(10_000), asked.splice(0)]).toEqual([
      2500,
      [
        { tenantId: 't', limit: 1000 },
        { tenantId: 't', limit: 1000, cursor: '1000' },
        { tenantId: 't', limit: 1000, cursor: '2000' },
        // Those that became active meanwhile stand at the beginning.
        { tenantId: 't', limit: 1000 },
      ],
    ])
    expect([await count(1001), asked.splice(0).length, await count(1000), asked.length]).toEqual([
      1001, 2, 1000, 1,
    ])
    for (const wrong of [0, -1, 1.5, 11, Number.NaN, '5'])
      expect(() => checkWhole(wrong as never, 'limit', 10)).toThrow(
        expect.objectContaining({
          code: 'invalid',
          path: 'limit',
          message: 'limit must be a whole number from 1 to 10',
        }),
      )
    for (const right of [1, 10]) checkWhole(right, 'limit', 10)
  })
})

describe('a sweep', () => {
  it('takes batches until one is not full, and all, which begins once, once an hour', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    vi.spyOn(Math, 'random').mockReturnValue(0.5)
    const warnings: unknown[] = []
    const service = createService({ onWarning: (warning) => warnings.push(warning) })
    const asked: unknown[][] = []
    const counts = [500]
    const stop = sweepEvery(service, 600_000, async (...[limit, all]) => {
      asked.push([limit, all])
      const count = counts.shift() ?? 0
      if (count < 0) throw new SessionError('unavailable', 'away')
      return count
    })
    await vi.advanceTimersByTimeAsync(599_999)
    expect(asked).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(asked.splice(0)).toEqual([[500, true]])
    counts.push(500, 500, 499)
    await vi.advanceTimersByTimeAsync(600_000)
    expect(asked.splice(0)).toEqual([
      [500, false],
      [500, false],
      [500, false],
    ])
    counts.push(-1)
    await vi.advanceTimersByTimeAsync(600_000)
    expect(asked.splice(0)).toEqual([[500, false]])
    expect(warnings).toEqual([
      {
        code: 'sweep_failed',
        message: 'Expired sessions could not be removed; the next sweep tries again.',
        cause: expect.objectContaining({ code: 'unavailable' }) as unknown,
      },
    ])
    await vi.advanceTimersByTimeAsync(1_800_000)
    expect(asked.splice(0).map(([, all]) => all)).toEqual([false, false, false])
    await vi.advanceTimersByTimeAsync(600_000)
    expect(asked.splice(0)).toEqual([[500, true]])
    stop()
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(asked).toEqual([])
  })

  it('tries all again five minutes after it failed, and not every time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    vi.spyOn(Math, 'random').mockReturnValue(0.5)
    const asked: boolean[] = []
    const stop = sweepEvery(createService({ onWarning: () => {} }), 60_000, async (_, all) => {
      asked.push(all)
      if (all) throw new SessionError('unavailable', 'a shard is down')
      return 0
    })
    await vi.advanceTimersByTimeAsync(7 * 60_000)
    expect(asked).toEqual([true, false, false, false, false, true, false])
    stop()
  })

  it('stops at once, also between two batches, and with its service', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const service = createService({ onWarning: () => expect.unreachable() })
    let swept = 0
    const stop = sweepEvery(service, 1000, async () => {
      // The first one was of all.
      if (++swept === 2) stop()
      return 500
    })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(swept).toBe(2)
    sweepEvery(service, 1000, async () => ++swept)
    await service.work.close()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(swept).toBe(2)
    expect(() => sweepEvery(service, 1000, async () => 0)).toThrow(
      expect.objectContaining({ code: 'closed' }),
    )
    const open = createService({})
    const message = 'ms must be from 1 to 1,700,000,000 milliseconds'
    for (const ms of [0.5, 0, '1000', 1_800_000_000, Number.NaN])
      expect(() => sweepEvery(open, ms as never, async () => 0)).toThrow(
        expect.objectContaining({ code: 'invalid', path: 'ms', message }),
      )
    for (const ms of [1, 1_700_000_000]) sweepEvery(open, ms, async () => 0)()
  })
})
