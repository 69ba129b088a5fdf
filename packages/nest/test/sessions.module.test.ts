import {
  Controller,
  Get,
  Inject,
  Injectable,
  type INestApplicationContext,
  Module,
  type OnApplicationShutdown,
  Post,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { Test } from '@nestjs/testing'
import { createSessions, type Session, type Sessions } from '@sessions/core'
import { createSessionApi } from '@sessions/core/http'
import { describe, expect, it, vi } from 'vitest'
import {
  CurrentSession,
  getSessionsOptionsToken,
  getSessionsToken,
  InjectSessions,
  platformRequestOf,
  RequestSessions,
  SessionsModule,
  type SessionsModuleOptions,
} from '../src/index.js'
import { browser, json, listen, platforms, post, serve } from './server.js'

const sessions = createSessions()
const identify = () => ({ tenantId: 'acme' })

@Injectable()
class Settings {
  createSessionsOptions(): SessionsModuleOptions {
    return { sessions }
  }
}

@Module({ providers: [Settings, { provide: 'lent', useValue: sessions }], exports: [Settings, 'lent'] })
class SettingsModule {}

async function contextOf(...imports: NonNullable<Parameters<typeof Module>[0]['imports']>) {
  @Module({ imports })
  class AppModule {}
  return NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false })
}

describe('the module', () => {
  it.each([
    ['options', () => SessionsModule.forRoot({ sessions, api: {} })],
    ['an API', () => SessionsModule.forRoot({ sessions, api: createSessionApi({ sessions, identify }) })],
    ['a factory', () => SessionsModule.forRootAsync({ useFactory: () => ({ sessions, api: {} }) })],
    ['a feature', () => SessionsModule.forFeature('support', { sessions, api: { prefix: '/support' } })],
  ])('boots where nothing listens, with %s for an API', async (_, module) => {
    const context = await contextOf(module())
    expect(context.get(RequestSessions)).toBeDefined()
    await context.close()
  })

  it.each([
    ['forRoot()', () => SessionsModule.forRoot(), undefined],
    ['forRoot(options)', () => SessionsModule.forRoot({ sessions }), sessions],
    [
      'useFactory',
      () =>
        SessionsModule.forRootAsync({
          imports: [SettingsModule],
          inject: ['lent'],
          useFactory: async (lent: Sessions) => ({ sessions: lent }),
        }),
      sessions,
    ],
    ['useClass', () => SessionsModule.forRootAsync({ useClass: Settings }), sessions],
    [
      'useExisting',
      () => SessionsModule.forRootAsync({ imports: [SettingsModule], useExisting: Settings }),
      sessions,
    ],
  ] as const)('starts by %s', async (_, make, expected) => {
    const app = await contextOf(make())
    const injected = app.get<Sessions>(getSessionsToken())
    if (expected !== undefined) expect(injected).toBe(expected)
    expect((await injected.for({ tenantId: 'a', userId: 'b' }).open('c')).id).toBe('c')
    expect(app.get(getSessionsOptionsToken())).toBeDefined()
    await app.close()
  })

  it('refuses what cannot work', async () => {
    expect(() => SessionsModule.forRootAsync({})).toThrow(/useFactory/)
    expect(() => SessionsModule.forFeature('a b')).toThrow(/name/)
    const twice = contextOf(SessionsModule.forFeature('a'), SessionsModule.forFeature('a'))
    await expect(twice).rejects.toThrow(/already/)
    await expect(contextOf(SessionsModule.forRoot({ cookie: false }))).rejects.toThrow(/cookie and header/)
  })

  it('is injected into classes without their metadata', async () => {
    @Injectable()
    class Support {
      readonly sessions: Sessions
      constructor(@InjectSessions() sessions: Sessions) {
        this.sessions = sessions
      }
    }
    @Module({ providers: [Support], exports: [Support] })
    class SupportModule {}
    const app = await contextOf(SessionsModule.forRoot({ sessions }), SupportModule)
    expect(app.get(Support).sessions).toBe(sessions)
    await app.close()
  })

  it('stays among those who import it when it is not global', async () => {
    @Injectable()
    class Support {
      readonly sessions: Sessions
      constructor(@InjectSessions() sessions: Sessions) {
        this.sessions = sessions
      }
    }
    @Module({ providers: [Support] })
    class SupportModule {}
    const app = contextOf(SessionsModule.forRoot({ isGlobal: false }), SupportModule)
    await expect(app).rejects.toThrow(/dependencies/)
  })

  it('serves jobs, queues and sockets by the same class, with the identity they name', async () => {
    @Injectable()
    class Reminders {
      readonly sessions: Sessions
      constructor(@InjectSessions() sessions: Sessions) {
        this.sessions = sessions
      }
      async remind(tenantId: string, userId: string, id: string): Promise<number> {
        const session = await this.sessions.for({ tenantId, userId }).open(id)
        await session.append({ role: 'assistant', content: 'Your cart is waiting.' })
        return session.record.lastSeq
      }
    }
    @Module({ imports: [SessionsModule.forRoot()], providers: [Reminders] })
    class JobsModule {}
    const app = await NestFactory.createApplicationContext(JobsModule, { logger: false })
    expect(await app.get(Reminders).remind('acme', 'alice', 's')).toBe(1)
    const host = { getType: () => 'ws' }
    expect(() => app.get(RequestSessions).of(host as never)).toThrow(/pass the handle/)
    await app.close()
  })

  it('works in a testing module, whose adapter comes late', async () => {
    const module = await Test.createTestingModule({
      imports: [SessionsModule.forRoot({ api: { prefix: '/v1' } })],
    }).compile()
    const app = module.createNestApplication()
    await app.listen(0, '127.0.0.1')
    const response = await fetch(`${await app.getUrl()}/v1/sessions`, post({}))
    expect(response.status).toBe(201)
    await app.close()
  })

  it('takes the service that a testing module puts in its place, for all that it does', async () => {
    const lent = createSessions()
    const alice = { tenantId: 'acme', userId: 'alice' }
    @Controller()
    class ChatController {
      @Post('chat')
      async chat(@CurrentSession() session: Session) {
        await session.append({ role: 'user', content: 'hi' })
        return { id: session.id }
      }
    }
    const testing = async (given: unknown) => {
      const module = await Test.createTestingModule({
        imports: [SessionsModule.forRoot({ identify: () => alice, api: { prefix: '/v1' } })],
        controllers: [ChatController],
      })
        .overrideProvider(getSessionsToken())
        .useValue(given)
        .compile()
      const app = module.createNestApplication()
      await app.listen(0, '127.0.0.1')
      return { app, url: await app.getUrl() }
    }
    const { app, url } = await testing(lent)
    const { id } = await json(await fetch(`${url}/chat`, post({})))
    const { session } = await json(await fetch(`${url}/v1/sessions`, post({})))
    await app.close()
    // Its owner goes on with it.
    const { items } = await lent.for(alice).list()
    expect(items.map((each) => each.id).toSorted()).toEqual([id, (session as { id: string }).id].toSorted())
    // What is no service stands in for those alone who have it injected.
    const partial = await testing({ for: () => ({}) })
    expect((await fetch(`${partial.url}/chat`, post({}))).status).toBe(201)
    await partial.app.close()
  })
})

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => (resolve = done))
  return { promise, resolve }
}

@Controller()
class TwoController {
  @Post('both')
  async both(@CurrentSession() one: Session, @CurrentSession({ service: 'support' }) two: Session) {
    await one.append({ role: 'user', content: 'shop' })
    await two.append({ role: 'user', content: 'help' })
    return { ids: [one.id, two.id], tenants: [one.tenantId, two.tenantId], at: two.record.lastSeq }
  }
}

describe.each(platforms)('on %s', (platform) => {
  it('has several services side by side, each with its cookie', async () => {
    const root = createSessions()
    const support = createSessions()
    @Module({
      imports: [
        SessionsModule.forRoot({ sessions: root, identify: () => ({ tenantId: 'acme' }) }),
        SessionsModule.forFeature('support', { sessions: support }),
        SessionsModule.forFeatureAsync('other', { useFactory: () => ({}) }),
      ],
      controllers: [TwoController],
    })
    class TwoModule {
      @InjectSessions() readonly one!: Sessions
      @InjectSessions('support') readonly two!: Sessions
      @Inject(getSessionsToken('other')) readonly three!: Sessions
    }
    const { app, url } = await listen(TwoModule, platform)
    const { one, two, three } = app.get(TwoModule)
    expect([one, two]).toEqual([root, support])
    expect(new Set([one, two, three]).size).toBe(3)
    const go = browser(url)
    const response = await go('/both', post({}))
    expect(response.headers.getSetCookie().map((line) => line.split('=')[0])).toEqual([
      'sessions',
      'sessions-support',
    ])
    const first = await json(response)
    // A feature asks the root who is calling.
    expect(first['tenants']).toEqual(['acme', 'acme'])
    expect(await json(await go('/both', post({})))).toEqual({ ...first, at: 2 })
    await app.close()
  })

  it('answers what is being asked while it closes, and closes once, after everybody', async () => {
    const order: string[] = []
    const arrived = Array.from({ length: 20 }, () => withResolvers())
    const go = withResolvers()
    let asked = 0
    @Controller()
    class SlowController {
      @Get('slow')
      async slow(@CurrentSession() session: Session) {
        arrived[asked++]!.resolve()
        await go.promise
        await session.append({ role: 'user', content: 'late' })
        return {}
      }
    }
    const close = vi.fn(async () => void order.push('close'))
    @Module({
      imports: [SessionsModule.forRoot({ close })],
      controllers: [SlowController],
    })
    class SlowModule implements OnApplicationShutdown {
      beforeApplicationShutdown() {
        order.push('before')
        go.resolve()
      }
      onApplicationShutdown() {
        order.push('shutdown')
      }
    }
    const { app, url } = await listen(
      SlowModule,
      platform,
      undefined,
      new FastifyAdapter({ keepAliveTimeout: 1 }),
    )
    const answers = arrived.map(async () => (await fetch(`${url}/slow`)).status)
    await Promise.all(arrived.map(({ promise }) => promise))
    await app.close()
    expect(await Promise.all(answers)).toEqual(arrived.map(() => 200))
    expect(order[0]).toBe('before')
    expect(order).toContain('close')
    await app.close()
    expect(close).toHaveBeenCalledTimes(1)
  })

  it('mounts its API with its own sessions, behind the middleware of the application', async () => {
    const callers: unknown[] = []
    @Module({
      imports: [
        SessionsModule.forRoot({
          header: true,
          identify: ({ headers }) => ({ tenantId: 'acme', userId: headers['x-user'] as string }),
          api: {
            prefix: '/v1',
            limitKey: (request) => {
              callers.push(platformRequestOf(request).ip)
              return 'all'
            },
            respond: ({ input }) => `echo: ${JSON.stringify(input)}`,
          },
        }),
      ],
    })
    class ApiModule {
      readonly sessions: Sessions
      constructor(@InjectSessions() sessions: Sessions) {
        this.sessions = sessions
      }
    }
    let context: INestApplicationContext | undefined
    const url = await serve(ApiModule, platform, (app) => {
      context = app
      app.setGlobalPrefix('elsewhere')
      app.use((_: unknown, res: { setHeader(name: string, value: string): void }, next: () => void) => {
        res.setHeader('X-Helmet', 'on')
        next()
      })
    })
    const alice = { 'x-user': 'alice' }
    const made = await fetch(`${url}/elsewhere/v1/sessions`, post({}, alice))
    expect([made.status, made.headers.get('x-helmet')]).toEqual([201, 'on'])
    const { session } = (await json(made)) as { session: { id: string } }
    const reply = await fetch(
      `${url}/elsewhere/v1/sessions/${session.id}/message`,
      post({ content: 'Hi' }, alice),
    )
    expect(await json(reply)).toMatchObject({ response: { text: 'echo: "Hi"' } })
    const mine = context!.get(ApiModule).sessions.for({ tenantId: 'acme', userId: 'alice' })
    expect((await mine.get(session.id)).record.lastSeq).toBe(2)
    expect(new Set(callers)).toEqual(new Set(['127.0.0.1']))
  })

  it('stands beside the checks that the platform has of its own', async () => {
    @Module({ imports: [SessionsModule.forRoot({ api: {} })] })
    class ApiModule {}
    const url = await serve(ApiModule, platform, (app) => {
      // Nest 12 has it, Nest 11 has not.
      ;(app as { enableCsrfProtection?: () => void }).enableCsrfProtection?.()
    })
    const send = async (headers: Record<string, string>) =>
      (await fetch(`${url}/sessions`, post({}, headers))).status
    expect(await send({})).toBe(201)
    expect(await send({ 'sec-fetch-site': 'same-origin', cookie: 'a=b' })).toBe(201)
    expect(await send({ 'sec-fetch-site': 'cross-site', cookie: 'a=b' })).toBe(403)
  })
})
