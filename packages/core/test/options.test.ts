import { describe, expect, it } from 'vitest'
import { slidingWindow, stableWindow } from '../src/context.js'
import { createSessionApi } from '../src/http.js'
import { createSessions, memoryStore } from '../src/index.js'
import { createTransport, toNodeHandler } from '../src/node.js'
import { alice, codeOf, service } from './service.js'

// Tests of spelling spell as people do, not as types allow.
const loose = (value: unknown): never => value as never
const sessions = service()
const identify = () => alice

describe('an option that nobody reads', () => {
  it.each<[string, () => unknown, string, string | undefined]>([
    ['strore', () => createSessions(loose({ strore: memoryStore() })), 'strore', 'store'],
    ['ttl.idle', () => createSessions(loose({ ttl: { idle: 5 } })), 'ttl.idle', 'ttl.idleMs'],
    [
      'limits',
      () => createSessions(loose({ limits: { maxMessage: 5 } })),
      'limits.maxMessage',
      'limits.maxMessages',
    ],
    ['turns', () => createSessions(loose({ turns: { maxStep: 5 } })), 'turns.maxStep', 'turns.maxSteps'],
    [
      'context',
      () => createSessions(loose({ context: { sumarize: 1 } })),
      'context.sumarize',
      'context.summarize',
    ],
    [
      'summaries',
      () => createSessions(loose({ context: { summaries: { keepToken: 1 } } })),
      'context.summaries.keepToken',
      'context.summaries.keepTokens',
    ],
    [
      'budgets',
      () => createSessions(loose({ budgets: [{ scope: 'user', tokens: 1 }] })),
      'budgets[0].tokens',
      'budgets[0].maxTokens',
    ],
    ['transfers', () => createSessions(loose({ transfers: { URL: 'x' } })), 'transfers.URL', 'transfers.url'],
    ['far from all', () => createSessions(loose({ zzzzzzzzzzzzzz: 1 })), 'zzzzzzzzzzzzzz', undefined],
    ['no object', () => createSessions(loose({ ttl: 5 })), 'ttl', undefined],
    ['memoryStore', () => memoryStore(loose({ maxSession: 5 })), 'maxSession', 'maxSessions'],
    [
      'createSessionApi',
      () => createSessionApi(loose({ sessions, identify, respnd: 1 })),
      'respnd',
      'respond',
    ],
    [
      'what answers',
      () => createSessionApi(loose({ sessions, identify, respond: 'echo' })),
      'respond',
      undefined,
    ],
    [
      'what hears of errors',
      () => createSessionApi(loose({ sessions, identify, onError: console })),
      'onError',
      undefined,
    ],
    [
      'cors',
      () => createSessionApi(loose({ sessions, identify, cors: { origin: [] } })),
      'cors.origin',
      'cors.origins',
    ],
    [
      'api turns',
      () => createSessionApi(loose({ sessions, identify, turns: { polcy: 1 } })),
      'turns.polcy',
      'turns.policy',
    ],
    [
      'cookie',
      () => createTransport(loose({ cookie: { samesite: 'lax' } }), 1),
      'cookie.samesite',
      'cookie.sameSite',
    ],
    ['toNodeHandler', () => toNodeHandler(loose({}), loose({ orign: 1 })), 'orign', 'origin'],
    ['slidingWindow', () => slidingWindow(loose({ maxMessage: 1 })), 'maxMessage', 'maxMessages'],
    ['stableWindow', () => stableWindow(loose({ lo: 1 })), 'lo', 'low'],
  ])('is refused with its path and the nearest name: %s', (_, make, path, nearest) => {
    const hint =
      nearest === undefined
        ? /^(?!.*did you mean)/
        : new RegExp(`did you mean ${nearest.replaceAll(/[.[\]]/g, '\\$&')}\\?`)
    expect(make).toThrow(
      expect.objectContaining({ code: 'invalid', path, message: expect.stringMatching(hint) }),
    )
  })

  it('is refused by the methods of sessions, and nothing is stored', async () => {
    const mine = sessions.for(alice)
    const session = await mine.open('one')
    const calls: Promise<unknown>[] = [
      mine.create(loose({ titel: 'x' })),
      mine.open('two', loose({ stat: {} })),
      mine.list(loose({ limt: 1 })),
      mine.fork(session, loose({ at: 1 })),
      session.turn('Hi', () => 'Ho', loose({ tool: {} })).result,
      session.turn('Hi', () => 'Ho', loose({ reuse: { ttl: 1 } })).result,
      session.context(loose({ maxTokens: 100, sytem: 'x' })),
      session.history(loose({ limits: 1 })),
      session.compact(loose({ keep: 1 })),
      session.state.merge({ a: 1 }, loose({ ifrevision: 1 })),
      session.cart.clear(loose({ changeid: 'x' })),
      session.edit({ title: 'x' }, loose({ revision: 1 })),
      session.watch(loose({ poll: 1 })).next(),
      session.subscribe(loose({ from: 'x' })).next(),
    ]
    const refused = await Promise.all(calls.map(codeOf))
    expect(refused).toEqual(calls.map(() => 'invalid'))
    expect((await mine.list()).items).toHaveLength(1)
    expect((await session.read()).state).toEqual({})
    expect((await session.history()).messages).toEqual([])
  })

  it.each([-1, Number.NaN])('allow no age of %s milliseconds', (maxAgeMs) => {
    expect(() => createSessions({ reads: { maxAgeMs } })).toThrow(
      expect.objectContaining({ code: 'invalid', path: 'reads.maxAgeMs' }),
    )
  })

  it('may be undefined, as what is left out', () => {
    expect(() => createSessions(loose({ strore: undefined, ttl: undefined }))).not.toThrow()
  })
})

describe('an option of the API of another kind', () => {
  it.each<[string, unknown]>([
    ['header', 'false'],
    ['basePath', 5],
    ['cors', ['https://a.example']],
    ['cors.origins', { origins: 'https://a.example' }],
    ['cors.origins', { origins: ['*'] }],
    ['cors.origins', { origins: ['https://a.example/'] }],
    ['cors.origins', { origins: ['https://*.a.example'] }],
    ['cors.origins', { origins: ['https://a.example', 'null'], credentials: true }],
    ['trustedOrigins', ['null']],
    ['trustedOrigins', ['https://*.a.example']],
    ['trustedOrigins', ['capacitor://*']],
    ['cors.credentials', { origins: [], credentials: 'yes' }],
    ['cors.maxAgeMs', { origins: [], maxAgeMs: '5' }],
    ['trustedOrigins', 'https://a.example'],
    ['trustedOrigins', ['a.example']],
    ['trustedOrigins', ['https://A.example']],
    ['trustedOrigins', ['https://a.example:443']],
    ['trustedOrigins', ['https://a.example/path']],
    ['trustedOrigins', ['https://user@a.example']],
    ['trustedOrigins', [undefined]],
    ['middleware', () => {}],
    ['limiter', () => {}],
    ['limiterFailure', 'close'],
    ['maxBodyBytes', '1000'],
    ['exposeToolResults', 'false'],
    ['clientParts', 'text'],
    ['clientTools', 'search'],
    ['clientOptions', 'model'],
    ['clientTtl.maxIdleMs', { maxIdleMs: '5' }],
    ['cancelOnDisconnect', 'no'],
    ['turns.policy', { policy: 'wait' }],
    ['compat', 'unified-llm-client'],
    ['cookie.sameSite', { sameSite: 'Lax' }],
    ['cookie.maxAgeMs', { maxAgeMs: '5' }],
    ['cookie.partitioned', { partitioned: 1 }],
  ])('is refused with its path: %s, %j', (path, given) => {
    const name = path.split('.')[0]!
    expect(() => createSessionApi(loose({ sessions, identify, [name]: given }))).toThrow(
      expect.objectContaining({ code: 'invalid', path }),
    )
  })

  it.each([
    'https://a.example',
    'http://localhost:3000',
    'https://[::1]:8443',
    'https://xn--mgba3a4f16a.example',
    'capacitor://localhost',
    'chrome-extension://aapbdbdomjkkjkaonfhkkikfgjllcleb',
  ])('takes the origin %s', (origin) => {
    expect(() =>
      createSessionApi({ sessions, identify, cors: { origins: [origin] }, trustedOrigins: [origin] }),
    ).not.toThrow()
  })
})

describe('a setting of another kind', () => {
  const per = { scope: 'user', maxTokens: 5 }
  it.each<[string, unknown]>([
    ['store', { store: null }],
    ['store', { store: 'redis://localhost' }],
    ['store', { store: {} }],
    ['bus', { bus: null }],
    ['bus', { bus: {} }],
    ['credentialSecrets', { credentialSecrets: null }],
    ['credentialSecrets', { credentialSecrets: 'a secret of at least 32 characters' }],
    ['ttl.idleMs', { ttl: { idleMs: '3600000' } }],
    ['ttl.idleMs', { ttl: { idleMs: 1500.5 } }],
    ['turns.toolTimeoutMs', { turns: { toolTimeoutMs: 1500.5 } }],
    ['privacy.fenceMs', { privacy: { fenceMs: 0.5 } }],
    ['ttl.absoluteMs', { ttl: { absoluteMs: [5] } }],
    ['ttl.refreshOnRead', { ttl: { refreshOnRead: 'no' } }],
    ['limits.whenFull', { limits: { whenFull: 'evcit' } }],
    ['limits.maxMessages', { limits: { maxMessages: '50' } }],
    ['limits.maxSessionsPerUser', { limits: { maxSessionsPerUser: true } }],
    ['turns.policy', { turns: { policy: 'wait' } }],
    ['turns.maxSteps', { turns: { maxSteps: '8' } }],
    ['budgets', { budgets: per }],
    ['budgets', { budgets: null }],
    ['budgets[0]', { budgets: [null] }],
    ['budgets[0].scope', { budgets: [{ maxTokens: 5 }] }],
    ['budgets[0].scope', { budgets: [{ ...per, scope: 'usr' }] }],
    ['budgets[1].maxTokens', { budgets: [per, { ...per, maxTokens: Number.NaN }] }],
    ['budgets[0].maxCostMicros', { budgets: [{ ...per, maxCostMicros: '100' }] }],
    ['budgets[0].windowMs', { budgets: [{ ...per, windowMs: '1h' }] }],
    ['budgets[0].windowMs', { budgets: [{ ...per, windowMs: 0 }] }],
    ['budgets[1].maxTokens', { budgets: [per, { ...per, maxTokens: -1 }] }],
    ['budgets[0].reserveCostMicros', { budgets: [{ ...per, reserveCostMicros: -0.5 }] }],
    ['context.compactAboveTokens', { context: { compactAboveTokens: 0 } }],
    ['context.summaries.keepTokens', { context: { summaries: { keepTokens: -1 } } }],
    ['context.summarize', { context: { summarize: 'short' } }],
    ['context.embed', { context: { embed: {} } }],
    ['context.compactAboveTokens', { context: { compactAboveTokens: '1000' } }],
    ['consent.unsaid.storage', { consent: { unsaid: { storage: 'no' } } }],
    ['consent.onWithdraw[0]', { consent: { onWithdraw: [5] } }],
    ['privacy.onErase[1]', { privacy: { onErase: [async () => {}, undefined] } }],
    ['privacy.afterErase[0]', { privacy: { afterErase: ['destroyKey'] } }],
    ['countTokens', { countTokens: 'gpt' }],
    ['onEvent', { onEvent: {} }],
    ['onWarning', { onWarning: 5 }],
    ['listeners', { listeners: {} }],
    ['listeners[0]', { listeners: [5] }],
    ['listeners[0]', { listeners: [{ flush() {} }] }],
  ])('is refused with its path: %s of %j', (path, options) => {
    expect(() => createSessions(loose(options))).toThrow(expect.objectContaining({ code: 'invalid', path }))
  })

  it('that is still a promise says nothing, and is refused', async () => {
    const later = async () => ({ messagesMs: 5 })
    expect(() => createSessions(loose(later()))).toThrow(
      expect.objectContaining({ code: 'invalid', message: expect.stringContaining('await') as string }),
    )
    const refused = service({ retention: loose(later) }).sweep({ tenants: ['acme'] })
    await expect(refused).rejects.toMatchObject({ code: 'invalid', path: 'retention' })
  })

  it.each([null, 5, 'redis://localhost', []])('is refused as a whole: %j', (options) => {
    expect(() => createSessions(loose(options))).toThrow(expect.objectContaining({ code: 'invalid' }))
  })
})

describe('what clients may do', () => {
  it.each<[string, object]>([
    ['clientRoles', { clientRoles: 'user' }],
    ['clientRoles[1]', { clientRoles: ['user', 'admin'] }],
    ['importRoute', { importRoute: 'admins' }],
    ['clientParts[0]', { clientParts: [5] }],
    ['clientTools[1]', { clientTools: ['pay', () => 'paid'] }],
    ['clientOptions[0]', { clientOptions: [{ name: 'model' }] }],
    ['middleware[0]', { middleware: [{}] }],
    ['guests', { guests: { secrets: ['x'.repeat(32)] } }],
  ])('%s is refused where it holds something else', (path, given) => {
    expect(() => createSessionApi(loose({ sessions, identify, ...given }))).toThrow(
      expect.objectContaining({ code: 'invalid', path }),
    )
  })

  it('is taken as lists and functions', () => {
    const given = {
      clientRoles: () => ['tool'],
      importRoute: () => true,
      clientParts: [],
      middleware: [() => {}],
    }
    expect(createSessionApi(loose({ sessions, identify, ...given }))).toBeDefined()
    expect(createSessionApi({ sessions, identify, clientRoles: ['tool'], importRoute: true })).toBeDefined()
  })
})
