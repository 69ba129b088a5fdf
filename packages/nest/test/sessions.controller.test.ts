import {
  type ArgumentsHost,
  Body,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  HttpException,
  Inject,
  Injectable,
  type MiddlewareConsumer,
  Module,
  type NestInterceptor,
  Post,
  Scope,
  SetMetadata,
  UnauthorizedException,
  VersioningType,
} from '@nestjs/common'
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, HttpAdapterHost, Reflector, REQUEST } from '@nestjs/core'
import type { NestExpressApplication } from '@nestjs/platform-express'
import { finalize } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { SessionsController, SessionsModule, type SessionsRequest } from '../src/index.js'
import { json, platforms, post, serve } from './server.js'

type UserRequest = SessionsRequest & { user?: unknown }
const Open = () => SetMetadata('open', true)
const alice = { authorization: 'Bearer alice' }

/** As a login guard of an application would: everybody needs a token, but where it says otherwise. */
@Injectable()
class LoginGuard implements CanActivate {
  @Inject(Reflector) readonly reflector!: Reflector

  canActivate(context: ExecutionContext): boolean {
    if (this.reflector.getAllAndOverride('open', [context.getHandler(), context.getClass()])) return true
    const request = context.switchToHttp().getRequest<UserRequest>()
    request.user = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    if (request.user === undefined) throw new UnauthorizedException('log in first')
    return true
  }
}

/** Sets a header before the handler, and notes when it is through. */
@Injectable()
class Timing implements NestInterceptor {
  @Inject(HttpAdapterHost) readonly host!: HttpAdapterHost
  static readonly ended: string[] = []

  intercept(context: ExecutionContext, next: CallHandler) {
    const http = context.switchToHttp()
    this.host.httpAdapter.setHeader(http.getResponse(), 'X-Intercepted', context.getClass().name)
    return next.handle().pipe(finalize(() => Timing.ended.push(http.getRequest<SessionsRequest>().url!)))
  }
}

@Catch(HttpException)
class TeapotFilter implements ExceptionFilter<HttpException> {
  @Inject(HttpAdapterHost) readonly host!: HttpAdapterHost

  catch(error: HttpException, host: ArgumentsHost): void {
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { said: error.message }, 418)
  }
}

@Controller()
class EchoController {
  @Post('echo')
  echo(@Body() body: unknown) {
    return { body }
  }
}

const echo = { respond: ({ input }: { input: unknown }) => `echo: ${JSON.stringify(input)}` }
const identify = ({ user }: SessionsRequest) => ({
  tenantId: 'acme',
  ...(typeof user === 'string' ? { userId: user } : {}),
})

function moduleWith(
  providers: object[],
  imports: object[] = [SessionsModule.forRoot({ identify, api: echo })],
) {
  @Module({ imports: imports as [], controllers: [EchoController], providers: providers as [] })
  class AppModule {}
  return AppModule
}

const raw = (text: string, type = 'application/json'): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': type, ...alice },
  body: text,
})

describe.each(platforms)('the API as a controller on %s', (platform) => {
  it('is behind a guard of the application, which says who is asking', async () => {
    const url = await serve(moduleWith([{ provide: APP_GUARD, useClass: LoginGuard }]), platform)
    const refused = await fetch(`${url}/sessions`, post({}))
    expect([refused.status, await json(refused)]).toMatchObject([401, { message: 'log in first' }])
    const made = await fetch(`${url}/sessions`, post({}, alice))
    expect(made.status).toBe(201)
    const { session } = (await json(made)) as { session: { id: string } }
    const of = (token: string) =>
      fetch(`${url}/sessions/${session.id}`, { headers: { authorization: `Bearer ${token}` } })
    expect([(await of('alice')).status, (await of('bob')).status]).toEqual([200, 404])
  })

  it('is behind guards that are made for each request', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class RequestGuard implements CanActivate {
      @Inject(REQUEST) readonly request!: SessionsRequest
      canActivate(): boolean {
        return this.request.headers.authorization !== undefined
      }
    }
    const url = await serve(moduleWith([{ provide: APP_GUARD, useClass: RequestGuard }]), platform)
    expect((await fetch(`${url}/sessions`, post({}))).status).toBe(403)
    expect((await fetch(`${url}/sessions`, post({}, alice))).status).toBe(201)
  })

  it('has its errors of guards, and no answers of its own, seen by filters of the application', async () => {
    const providers = [
      { provide: APP_GUARD, useClass: LoginGuard },
      { provide: APP_FILTER, useClass: TeapotFilter },
    ]
    const url = await serve(moduleWith(providers), platform)
    const refused = await fetch(`${url}/sessions`, post({}))
    expect([refused.status, await json(refused)]).toEqual([418, { said: 'log in first' }])
    const missing = await fetch(`${url}/sessions/nobody`, { headers: alice })
    expect(missing.status).toBe(404)
    expect(missing.headers.get('content-type')).toContain('application/problem+json')
  })

  it('is inside of interceptors, streams included, until the answer is written', async () => {
    let open = (): void => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    const api = {
      async *respond() {
        yield 'first'
        await opened
        yield 'last'
      },
    }
    const module = moduleWith(
      [{ provide: APP_INTERCEPTOR, useClass: Timing }],
      [SessionsModule.forRoot({ header: true, api })],
    )
    const url = await serve(module, platform)
    const made = await fetch(`${url}/sessions`, post({}))
    expect(made.headers.get('x-intercepted')).toBe('SessionsController')
    expect(made.headers.get('set-cookie') ?? made.headers.get('x-session-id')).toBeTruthy()
    const { session } = (await json(made)) as { session: { id: string } }
    const path = `/sessions/${session.id}/message`
    const stream = await fetch(
      url + path,
      post(
        { content: 'Hi' },
        { accept: 'text/event-stream', 'x-session-id': made.headers.get('x-session-id')! },
      ),
    )
    expect(stream.headers.get('x-intercepted')).toBe('SessionsController')
    expect(stream.headers.get('content-type')).toContain('text/event-stream')
    const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (!text.includes('first')) text += (await reader.read()).value ?? ''
    expect(text).not.toContain('last')
    expect(Timing.ended).not.toContain(path)
    open()
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) text += chunk.value
    expect(text).toContain('last')
    await expect.poll(() => Timing.ended).toContain(path)
  })

  it('takes decorators of a class that extends it, with what that class needs', async () => {
    @Injectable()
    class Counter {
      count = 0
    }
    @Open()
    class OpenController extends SessionsController {
      readonly #counter: Counter
      constructor(@Inject(Counter) counter: Counter) {
        super()
        this.#counter = counter
      }
      override async handle(...given: Parameters<SessionsController['handle']>): Promise<void> {
        this.#counter.count++
        await super.handle(...given)
      }
    }
    @Module({ providers: [Counter], exports: [Counter] })
    class CounterModule {}
    let counter: Counter | undefined
    const options = { imports: [CounterModule], useFactory: () => ({ identify, api: echo }) }
    const url = await serve(
      moduleWith(
        [{ provide: APP_GUARD, useClass: LoginGuard }],
        [SessionsModule.forRootAsync({ ...options, controller: OpenController })],
      ),
      platform,
      (app) => void (counter = app.get(Counter, { strict: false })),
    )
    expect((await fetch(`${url}/sessions`, post({}))).status).toBe(201)
    expect((await fetch(`${url}/echo`, post({}))).status).toBe(401)
    expect(counter?.count).toBe(1)
  })

  it.each([
    ['as they are', {}],
    ['with rawBody', { rawBody: true }],
    ['without parsers', { bodyParser: false }],
  ])('reads its bodies itself, with the parsers %s', async (_, options) => {
    const url = await serve(moduleWith([]), platform, undefined, options)
    // More than the application's parsers take, and less than the API does.
    const large = JSON.stringify({
      title: 'T',
      state: { text: Array.from({ length: 40 }, () => 'x'.repeat(1000)) },
    })
    expect((await fetch(`${url}/sessions`, raw(large.padEnd(300_000)))).status).toBe(201)
    for (const [text, type, status] of [
      ['{"title": ', 'application/json', 400],
      ['title=T', 'application/x-www-form-urlencoded', 415],
      ['{}', 'text/plain', 415],
      ['', 'application/json', 201],
      [`{"title":"${'x'.repeat(1_100_000)}"}`, 'application/json', 413],
    ] as const) {
      const answer = await fetch(`${url}/sessions`, raw(text, type))
      expect(answer.status, text.slice(0, 20)).toBe(status)
      if (status >= 400) expect(answer.headers.get('content-type')).toContain('application/problem+json')
    }
  })

  it('leaves the bodies of the application to its parsers, and its limits', async () => {
    const url = await serve(moduleWith([]), platform)
    expect(await json(await fetch(`${url}/echo`, post({ a: 1 })))).toEqual({ body: { a: 1 } })
    const broken = await fetch(`${url}/echo`, raw('{"a": '))
    expect([broken.status, broken.headers.get('content-type')]).toEqual([
      400,
      expect.stringContaining('application/json'),
    ])
  })

  it('has a place under the global prefix, or beside it where the application says so', async () => {
    const one = SessionsModule.forRoot({ api: { prefix: '/v1', ...echo } })
    for (const [exclude, base] of [
      [undefined, '/all/v1'],
      [['v1/sessions', `v1/sessions/${platform === 'Express' ? '*path' : '*'}`], '/v1'],
    ] as const) {
      const url = await serve(moduleWith([], [one]), platform, (app) => {
        app.setGlobalPrefix('all', exclude === undefined ? {} : { exclude: [...exclude] })
      })
      const made = await fetch(`${url}${base}/sessions`, raw('{"title":"T"}'))
      expect([made.status, made.headers.get('location')]).toEqual([
        201,
        expect.stringMatching(`^${base}/sessions/`),
      ])
      const described = await json(await fetch(`${url}${base}/sessions/openapi.json`))
      expect(described).toMatchObject({
        servers: [{ url: base === '/v1' ? '/' : '/all' }],
        paths: { '/v1/sessions': {} },
      })
      expect((await fetch(`${url}${base === '/v1' ? '/all/v1' : '/v1'}/sessions`, post({}))).status).toBe(404)
    }
  })

  it('has paths of one spelling, and leaves others to the application', async () => {
    const url = await serve(moduleWith([]), platform)
    for (const path of ['/Sessions', '/SESSIONS/x', '/sessionsx', '/session']) {
      const answer = await fetch(url + path, post({}))
      expect([answer.status, await json(answer)]).toMatchObject([404, { message: `Cannot POST ${path}` }])
    }
  })

  it('answers a path of its own that cannot be decoded, and leaves others to the platform', async () => {
    const url = await serve(moduleWith([]), platform)
    const answer = await fetch(`${url}/sessions/%E0?a=%E0`)
    expect([answer.status, await json(answer)]).toMatchObject([404, { code: 'no_such_route' }])
    expect((await fetch(`${url}/sessions/openapi.json?a=%E0`)).status).toBe(200)
    const theirs = await fetch(`${url}/echo/%E0`)
    expect([theirs.status, theirs.headers.get('content-type')]).toEqual([
      platform === 'Express' ? 404 : 400,
      expect.stringContaining('application/json'),
    ])
  })

  it('is there once for each service that has one', async () => {
    const imports = [
      SessionsModule.forRoot({ api: { prefix: '/shop' } }),
      SessionsModule.forFeature('support', { api: { prefix: '/help' } }),
      SessionsModule.forFeature('silent'),
    ]
    const url = await serve(moduleWith([], imports), platform)
    const cookies = []
    for (const prefix of ['/shop', '/help']) {
      const made = await fetch(`${url}${prefix}/sessions`, post({}))
      expect(made.status).toBe(201)
      cookies.push(made.headers.getSetCookie()[0]!.split('=')[0])
    }
    expect(cookies).toEqual(['sessions', 'sessions-support'])
    expect((await fetch(`${url}/sessions`, post({}))).status).toBe(404)
  })

  it('stays where it is when the application has versions', async () => {
    const one = SessionsModule.forRoot({ api: { prefix: '/v1' } })
    for (const type of [VersioningType.URI, VersioningType.HEADER] as const) {
      const url = await serve(moduleWith([], [one]), platform, (app) => {
        app.enableVersioning({ type, header: 'X-Version', defaultVersion: '7' })
      })
      expect((await fetch(`${url}/v1/sessions`, post({}))).status).toBe(201)
    }
  })

  it('is told of in the log where it is, and only there', async () => {
    const told = async (module: object) => {
      const lines: string[] = []
      const log = (message: string) => void lines.push(message)
      await serve(module, platform, undefined, { logger: { log, warn: log, error: log } })
      return lines.filter((line) => line.includes('Sessions') && line.includes('{'))
    }
    expect(await told(moduleWith([], [SessionsModule.forRoot()]))).toEqual([])
    const one = SessionsModule.forRoot({ api: { prefix: '/v1' } })
    expect(await told(moduleWith([], [one]))).toEqual(['SessionsController {/v1}:'])
  })

  it('is seen by the middleware of modules', async () => {
    const seen: string[] = []
    @Module({ imports: [SessionsModule.forRoot({ api: { prefix: '/v1' } })] })
    class AppModule {
      configure(consumer: MiddlewareConsumer) {
        consumer
          .apply((req: { originalUrl?: string; url: string }, _: unknown, next: () => void) => {
            seen.push(req.originalUrl ?? req.url)
            next()
          })
          .forRoutes('v1/sessions')
      }
    }
    const url = await serve(AppModule, platform)
    expect((await fetch(`${url}/v1/sessions`, post({}))).status).toBe(201)
    expect(seen).toEqual(['/v1/sessions'])
  })
})

describe('behind a parser that the application put first', () => {
  it.each([true, false])('takes the body from there, rawBody: %s', async (rawBody) => {
    const prepare = (app: unknown) => void (app as NestExpressApplication).useBodyParser('json')
    const url = await serve(moduleWith([]), 'Express', prepare, { rawBody })
    const made = await fetch(`${url}/sessions`, raw('{"title":"read before"}'))
    expect(await json(made)).toMatchObject({ session: { title: 'read before' } })
  })
})
