import {
  Controller,
  ForbiddenException,
  HttpException,
  Logger,
  Module,
  Post,
  type Type,
  UnauthorizedException,
} from '@nestjs/common'
import { HttpAdapterHost, NestFactory } from '@nestjs/core'
import { createSessions, type Session, SessionError } from '@sessions/core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  CurrentSession,
  platformRequestOf,
  SessionProblemFilter,
  SessionsController,
  SessionsModule,
  type SessionsModuleOptions,
} from '../src/index.js'
import { browser, json, listen, post, serve } from './server.js'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

function moduleWith(imports: object[], controllers: Type[] = []) {
  @Module({ imports: imports as [], controllers })
  class AppModule {}
  return AppModule
}

const start = (...imports: object[]) =>
  NestFactory.createApplicationContext(moduleWith(imports), { logger: false, abortOnError: false })

it.each<[string, object, string]>([
  ['sessions', { sessions: null }, 'sessions was not made by createSessions'],
  ['sessions', { sessions: { for: () => {} } }, 'sessions was not made by createSessions'],
  ['sessions', { sessions: { ttl: { absoluteMs: 1 } } }, 'sessions was not made by createSessions'],
  ['service', { sessions: createSessions(), service: {} }, 'service: give either sessions or service'],
  ['controller', { controller: Date, api: {} }, 'controller must extend SessionsController'],
  ['identify', { identify: 'me' }, 'identify must be a function'],
  ['guests', { guests: true }, 'guests must be an object'],
  ['api', { api: '/v1' }, 'api must be an object'],
  ['problems', { problems: 'no' }, 'problems must be true or false'],
  ['close', { close: {} }, 'close must be a function'],
  ['onWarning', { onWarning: {} }, 'onWarning must be a function'],
  [
    'trustedOrigin',
    { trustedOrigin: [] },
    'trustedOrigin is not a known option; did you mean trustedOrigins?',
  ],
])('the module refuses a wrong %s', async (path, options, message) => {
  await expect((async () => start(SessionsModule.forRoot(options)))()).rejects.toMatchObject({
    code: 'invalid',
    path,
    message,
  })
})

it('the module refuses a name, and options that nobody makes', () => {
  for (const name of ['a b', '', 'a'.repeat(65), 'a;b', ' a', 'a '])
    expect(() => SessionsModule.forFeature(name)).toThrow(
      expect.objectContaining({
        code: 'invalid',
        path: 'name',
        message: 'name may hold letters, digits, - and _ only',
      }) as Error,
    )
  expect(SessionsModule.forFeature('A-z_0'.padEnd(64, '9')).global).toBe(false)
  expect(() => SessionsModule.forRootAsync({})).toThrow(
    expect.objectContaining({
      code: 'invalid',
      message: 'one of useFactory, useClass and useExisting must be given',
    }) as Error,
  )
})

it('the module of a feature is not global, and that of the application is', () => {
  const useFactory = () => ({})
  expect([
    SessionsModule.forRoot().global,
    SessionsModule.forRootAsync({ useFactory }).global,
    SessionsModule.forFeature('a').global,
    SessionsModule.forFeatureAsync('a', { useFactory }).global,
  ]).toEqual([true, true, false, false])
})

it('closes the service that it has made, and none that it was lent', async () => {
  const lent = createSessions()
  const app = await start(SessionsModule.forRoot({ sessions: lent }), SessionsModule.forFeature('own'))
  const own = app.get<typeof lent>('sessions:own')
  await app.close()
  const identity = { tenantId: 'a', userId: 'b' }
  expect((await lent.for(identity).open('c')).id).toBe('c')
  expect(() => own.for(identity)).toThrow(expect.objectContaining({ code: 'closed' }) as Error)
})

it('lets a service that it was lent tell what it keeps back, before it closes what is beneath', async () => {
  const order: string[] = []
  const flush = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    order.push('told')
  }
  const lent = createSessions({ listeners: [{ on: () => {}, flush }] })
  const app = await start(SessionsModule.forRoot({ sessions: lent, close: () => void order.push('closed') }))
  await lent.for({ tenantId: 'a', userId: 'b' }).open('c')
  await app.close()
  expect(order.slice(-2)).toEqual(['told', 'closed'])
})

@Controller()
class ChatController {
  @Post('chat')
  async chat(@CurrentSession() session: Session) {
    await session.append({ role: 'user', content: 'Hi' })
    return {}
  }

  @Post('support')
  async support(@CurrentSession({ service: 'support' }) session: Session) {
    await session.append({ role: 'user', content: 'Hi' })
    return { seq: session.record.lastSeq }
  }

  @Post('wrong')
  wrong() {
    throw new SessionError('conflict', 'Somebody else was first.')
  }
}

it('warns once of a cookie that must not be set, the application or its log', async () => {
  vi.stubEnv('NODE_ENV', 'production')
  const logged = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {})
  const warnings: string[] = []
  const service = { onWarning: () => {} }
  const told: SessionsModuleOptions = { service, onWarning: ({ code }) => void warnings.push(code) }
  for (const options of [told, { service }]) {
    const url = await serve(moduleWith([SessionsModule.forRoot(options)], [ChatController]), 'Express')
    for (let round = 0; round < 3; round++) expect((await fetch(`${url}/chat`, post({}))).status).toBe(500)
    expect(warnings).toEqual(['insecure_transport'])
    expect(logged.mock.calls).toEqual(
      options === told ? [] : [[expect.stringMatching(/^insecure_transport: .*trust proxy/)]],
    )
    expect(logged.mock.contexts).toEqual(
      options === told ? [] : [expect.objectContaining({ context: 'Sessions' })],
    )
  }
})

it('goes on when the application that it warns fails later', async () => {
  vi.stubEnv('NODE_ENV', 'production')
  const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
  const onWarning = (async () => Promise.reject(new Error('later'))) as () => void
  const root = SessionsModule.forRoot({ service: { onWarning: () => {} }, onWarning })
  const url = await serve(moduleWith([root], [ChatController]), 'Express')
  expect((await fetch(`${url}/chat`, post({}))).status).toBe(500)
  await vi.waitFor(() =>
    expect(printed.mock.calls).toContainEqual(['[sessions] onWarning failed:', new Error('later')]),
  )
})

it('a feature carries credentials as it says, and does not decide for the application', async () => {
  const root = SessionsModule.forRoot({ problems: false })
  const support = SessionsModule.forFeature('support', { header: true, cookie: false })
  const url = await serve(moduleWith([root, support], [ChatController]), 'Express')
  const first = await fetch(`${url}/support`, post({}))
  expect(first.headers.getSetCookie()).toEqual([])
  const headers = { 'x-session-id': first.headers.get('x-session-id')! }
  expect(await json(await fetch(`${url}/support`, post({}, headers)))).toEqual({ seq: 2 })
  expect(await json(await fetch(`${url}/wrong`, post({})))).toEqual({
    statusCode: 500,
    message: 'Internal server error',
  })
})

it('tells a page of its own no credential that scripts can read', async () => {
  const url = await serve(moduleWith([SessionsModule.forRoot({ header: true })], [ChatController]), 'Express')
  const carried = async (headers: Record<string, string>) => {
    const { headers: sent } = await fetch(`${url}/chat`, post({}, headers))
    return [sent.getSetCookie().length, sent.has('x-session-id')]
  }
  expect(await carried({ 'sec-fetch-site': 'same-origin' })).toEqual([1, false])
  expect(await carried({})).toEqual([1, true])
})

it('says which module is missing, and which is there twice', async () => {
  const feature = () => SessionsModule.forFeature('support')
  const url = await serve(
    moduleWith([SessionsModule.forFeature('other')], [ChatController]),
    'Express',
    (app) => {
      app.useGlobalFilters(new SessionProblemFilter(app.get(HttpAdapterHost)))
    },
  )
  for (const [path, how] of [
    ['/chat', 'forRoot()'],
    ['/support', "forFeature('support')"],
  ])
    expect(await json(await fetch(url + path, post({})))).toMatchObject({
      code: 'invalid',
      detail: `No module imports SessionsModule.${how}.`,
    })
  await expect(start(feature(), feature())).rejects.toMatchObject({
    code: 'invalid',
    message: 'A service named "support" exists already: import the module that has it.',
  })
})

it('takes a controller of the application also with options that are known at once', async () => {
  class CountingController extends SessionsController {
    static count = 0
    override async handle(...given: Parameters<SessionsController['handle']>): Promise<void> {
      CountingController.count++
      await super.handle(...given)
    }
  }
  const root = SessionsModule.forRoot({ controller: CountingController, api: {} })
  const url = await serve(moduleWith([root]), 'Express')
  expect((await fetch(`${url}/sessions`, post({}))).status).toBe(201)
  expect(CountingController.count).toBe(1)
})

describe('identify', () => {
  it('answers over the API with the exception that it throws', async () => {
    const thrown = {
      text: new HttpException('not today', 418),
      object: new UnauthorizedException('who are you?'),
      other: new TypeError('secret'),
    }
    const logged = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => {})
    const identify = ({ headers }: { headers: object }) => {
      throw thrown[(headers as { 'x-throw': keyof typeof thrown })['x-throw']]
    }
    const url = await serve(moduleWith([SessionsModule.forRoot({ identify, api: {} })]), 'Express')
    const answer = async (kind: string) => {
      const response = await fetch(`${url}/sessions`, post({}, { 'x-throw': kind }))
      return [response.status, await json(response)]
    }
    expect(await answer('text')).toEqual([418, { message: 'not today' }])
    expect(await answer('object')).toEqual([
      401,
      { statusCode: 401, message: 'who are you?', error: 'Unauthorized' },
    ])
    expect(await answer('other')).toMatchObject([500, { code: 'internal' }])
    expect(logged.mock.calls).toEqual([[thrown.other]])
    expect(logged.mock.contexts).toEqual([expect.objectContaining({ context: 'Sessions' })])
  })

  it('is asked for a feature that has one, and that of the root for another', async () => {
    const seen: string[] = []
    const as = (name: string) => () => {
      seen.push(name)
      if (name === 'refusing') throw new ForbiddenException()
      return { tenantId: name }
    }
    const { app, url } = await listen(
      moduleWith([
        SessionsModule.forRoot({ identify: as('root') }),
        SessionsModule.forFeature('one', { identify: as('one'), api: { prefix: '/one' } }),
        SessionsModule.forFeature('two', { api: { prefix: '/two' } }),
        SessionsModule.forFeature('three', { identify: as('refusing'), api: { prefix: '/three' } }),
      ]),
      'Express',
    )
    const status = async (name: string) => (await browser(url)(`/${name}/sessions`, post({}))).status
    expect([await status('one'), await status('two'), await status('three')]).toEqual([201, 201, 403])
    expect(seen).toEqual(['one', 'root', 'refusing'])
    await app.close()
  })
})

it('knows the request of the platform behind those of its API alone', () => {
  expect(() => platformRequestOf(new Request('http://localhost'))).toThrow(
    'This request was not answered by the API of SessionsModule.',
  )
})
