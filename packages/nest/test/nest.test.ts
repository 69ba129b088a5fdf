import {
  type ArgumentsHost,
  Body,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  HttpException,
  Inject,
  Injectable,
  type MessageEvent,
  Module,
  type NestInterceptor,
  Param,
  type PipeTransform,
  Post,
  Sse,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common'
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, HttpAdapterHost } from '@nestjs/core'
import type { Identity, Session } from '@sessions/core'
import { from, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import {
  CurrentSession,
  OptionalSession,
  RequestSession,
  RequestSessions,
  RequireSession,
  SessionIdentity,
  SessionsGuard,
  SessionsModule,
  type SessionsModuleOptions,
  type SessionsRequest,
  toSessionException,
} from '../src/index.js'
import { browser, countedSessions, json, platforms, post, serve } from './server.js'

interface Said {
  text: string
}

@Controller()
class ChatController {
  @Get('plain')
  plain() {
    return { plain: true }
  }

  @Post('chat')
  async chat(@CurrentSession() session: Session, @Body() { text }: Said) {
    await session.append({ role: 'user', content: text })
    return { id: session.id, seq: session.record.lastSeq }
  }

  @Get('look')
  async look(@CurrentSession() session: Session) {
    return { isStored: session.isStored }
  }

  @Get('maybe')
  maybe(@OptionalSession() session: Session | undefined) {
    return { id: session?.id ?? null }
  }

  @Get('who')
  who(@SessionIdentity() identity: Identity) {
    return identity
  }

  @Get('chats/:id')
  async byId(@CurrentSession({ param: 'id' }) session: Session, @Param('id') id: string) {
    return { id: session.id, asked: id }
  }

  @Get('mine')
  @RequireSession()
  mine(@CurrentSession() session: Session, @OptionalSession() same: Session) {
    return { id: session.id, isSame: same.id === session.id }
  }

  @Post('login')
  async login(@RequestSession() request: RequestSession) {
    const session = await request.bind()
    return { userId: session.record.userId }
  }

  @Post('logout')
  logout(@RequestSession() request: RequestSession) {
    request.forget()
    return {}
  }

  @Sse('stream')
  async stream(@CurrentSession() session: Session): Promise<Observable<MessageEvent>> {
    await session.append({ role: 'user', content: 'streamed' })
    return from([{ data: { id: session.id } }])
  }

  @Post('conflict')
  async conflict(@CurrentSession() session: Session) {
    await session.append({ id: 'm', role: 'user', content: 'one' })
    await session.append({ id: 'm', role: 'user', content: 'another' })
  }
}

@Injectable()
class Between implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler) {
    return next.handle()
  }
}

// As a login guard of an application would: the module's `identify` finds what it has put on the request.
@Injectable()
class UserGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: unknown }>()
    request.user = request.headers['x-user']
    return true
  }
}

const identify = ({ user, headers }: SessionsRequest): Identity => {
  if (headers['x-user'] === 'refused') throw new UnauthorizedException('who are you?')
  return { tenantId: 'acme', ...(typeof user === 'string' ? { userId: user } : {}) }
}

function chatModule(options: SessionsModuleOptions = {}, providers: object[] = []) {
  @Module({
    imports: [SessionsModule.forRoot({ identify, ...options })],
    controllers: [ChatController],
    providers: [{ provide: APP_GUARD, useClass: UserGuard }, ...(providers as [])],
  })
  class ChatModule {}
  return ChatModule
}

describe.each(platforms)('on %s', (platform) => {
  it('keeps a caller’s session by a cookie', async () => {
    const go = browser(await serve(chatModule(), platform))
    const first = await go('/chat', post({ text: 'one' }))
    expect(first.headers.getSetCookie()[0]).toMatch(/^sessions=.*HttpOnly/)
    const { id } = await json(first)
    expect(await json(await go('/chat', post({ text: 'two' })))).toEqual({ id, seq: 2 })
    expect(await json(await go('/mine'))).toEqual({ id, isSame: true })
    expect(await json(await go(`/chats/${String(id)}`))).toEqual({ id, asked: id })
  })

  it('causes no store call in a route without a session, one in a route with one, and reading leaves no trace', async () => {
    const { sessions, calls } = countedSessions()
    const url = await serve(chatModule({ sessions }), platform)
    const go = browser(url)
    await go('/plain')
    expect((await go('/look')).headers.getSetCookie()).toEqual([])
    expect(await json(await go('/maybe'))).toEqual({ id: null })
    expect(calls).toEqual([])
    await go('/chat', post({ text: 'one' }))
    calls.length = 0
    // Guard, `@CurrentSession()` and `@OptionalSession()` of one request share one look.
    await go('/mine')
    expect(calls).toEqual(['read'])
  })

  it('answers privately once somebody asked', async () => {
    const go = browser(await serve(chatModule({ header: true }), platform))
    const { headers } = await go('/chat', post({ text: 'one' }))
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('vary')).toBe('Cookie, X-Session-Id')
    expect(headers.get('x-session-id')).toBeTruthy()
    expect((await go('/plain')).headers.get('cache-control')).toBeNull()
  })

  it('answers 401 without a session where one is required, 404 with one that is none', async () => {
    const url = await serve(chatModule({ header: true }), platform)
    expect((await fetch(`${url}/mine`)).status).toBe(401)
    const forged = await fetch(`${url}/mine`, { headers: { 'x-session-id': 'a.b.c.d' } })
    expect(forged.status).toBe(404)
    expect((await fetch(`${url}/chats/nobody`)).status).toBe(404)
  })

  it('takes its caller from what a guard has found out', async () => {
    const url = await serve(chatModule(), platform)
    const alice = { headers: { 'x-user': 'alice' } }
    expect(await json(await fetch(`${url}/who`, alice))).toEqual({ tenantId: 'acme', userId: 'alice' })
    const { id } = await json(await fetch(`${url}/chat`, post({ text: 'one' }, alice.headers)))
    expect((await fetch(`${url}/chats/${String(id)}`, alice)).status).toBe(200)
    expect((await fetch(`${url}/chats/${String(id)}`, { headers: { 'x-user': 'bob' } })).status).toBe(404)
    const refused = await fetch(`${url}/who`, { headers: { 'x-user': 'refused' } })
    expect(refused.status).toBe(401)
    expect(await json(refused)).toMatchObject({ message: 'who are you?' })
  })

  it('gives a visitor’s session to the user who signs in, and lets go at sign-out', async () => {
    const go = browser(await serve(chatModule(), platform))
    const { id } = await json(await go('/chat', post({ text: 'one' })))
    const alice = { 'x-user': 'alice' }
    expect(await json(await go('/login', post({}, alice)))).toEqual({ userId: 'alice' })
    expect(await json(await go('/maybe', { headers: alice }))).toEqual({ id })
    await go('/logout', post({}, alice))
    expect(await json(await go('/maybe', { headers: alice }))).toEqual({ id: null })
  })

  it.each(['one', 'two', 'three'])(
    'hands it over behind interceptors too, or stores nothing: %s',
    async (count) => {
      const { sessions } = countedSessions()
      const between = Array.from({ length: ['one', 'two', 'three'].indexOf(count) + 1 }, () => ({
        provide: APP_INTERCEPTOR,
        useClass: Between,
      }))
      const go = browser(await serve(chatModule({ sessions }, between), platform))
      const response = await go('/stream')
      const text = await response.text()
      const { items } = await sessions.for({ tenantId: 'acme', roles: ['admin'] }).list()
      const set = response.headers.getSetCookie()
      expect({ cookies: set.length, stored: items.length }, text).toEqual(
        set.length === 0 ? { cookies: 0, stored: 0 } : { cookies: 1, stored: 1 },
      )
      if (set.length === 1) expect(await json(await go('/mine'))).toMatchObject({ id: items[0]!.id })
    },
  )

  it('hands the cookie over with server-sent events too', async () => {
    const go = browser(await serve(chatModule(), platform))
    const response = await go('/stream')
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(response.headers.getSetCookie()).toHaveLength(1)
    const text = await response.text()
    expect(text).toContain('"id":')
    const { id } = await json(await go('/maybe'))
    expect(text).toContain(String(id))
  })

  it('gives the session to a guard of the application, before and beside its own', async () => {
    @Injectable()
    class FirstMessageOnly implements CanActivate {
      @Inject(RequestSessions) readonly requests!: RequestSessions
      async canActivate(context: ExecutionContext): Promise<boolean> {
        const session = await this.requests.of(context).find()
        return (session?.record.lastSeq ?? 0) < 1
      }
    }
    @Controller()
    class OnceController {
      @Post('once')
      @UseGuards(FirstMessageOnly)
      async once(@CurrentSession() session: Session) {
        await session.append({ role: 'user', content: 'once' })
        return {}
      }
    }
    @Module({ imports: [SessionsModule.forRoot()], controllers: [OnceController] })
    class AsUseGuards {}
    @Module({
      imports: [SessionsModule.forRoot()],
      controllers: [OnceController],
      providers: [{ provide: APP_GUARD, useClass: FirstMessageOnly }],
    })
    class AsAppGuard {}
    for (const module of [AsUseGuards, AsAppGuard]) {
      const go = browser(await serve(module, platform))
      expect((await go('/once', post({}))).status).toBe(201)
      expect((await go('/once', post({}))).status).toBe(403)
    }
  })

  it('lets a method take back what its class, or the application, demands', async () => {
    @RequireSession()
    @Controller()
    class ClosedController {
      @Get('closed')
      closed() {
        return {}
      }
      @Get('open')
      @OptionalSession()
      open() {
        return {}
      }
    }
    @Module({ imports: [SessionsModule.forRoot()], controllers: [ClosedController] })
    class ByClass {}
    @Module({
      imports: [SessionsModule.forRoot()],
      controllers: [ClosedController, ChatController],
      providers: [{ provide: APP_GUARD, useClass: SessionsGuard }],
    })
    class ByApplication {}
    for (const module of [ByClass, ByApplication]) {
      const url = await serve(module, platform)
      expect((await fetch(`${url}/closed`)).status).toBe(401)
      expect((await fetch(`${url}/open`)).status).toBe(200)
      if (module === ByApplication) expect((await fetch(`${url}/plain`)).status).toBe(401)
    }
  })

  it('gives pipes the session', async () => {
    const titleOf: PipeTransform<Session> = { transform: (session) => ({ title: `of ${session.tenantId}` }) }
    @Controller()
    class PipedController {
      @Get('piped')
      piped(@CurrentSession({}, titleOf) title: object) {
        return title
      }
    }
    @Module({ imports: [SessionsModule.forRoot()], controllers: [PipedController] })
    class PipedModule {}
    const url = await serve(PipedModule, platform)
    expect(await json(await fetch(`${url}/piped`))).toEqual({ title: 'of default' })
  })

  it('keeps the session from pipes that check, convert and copy what they get', async () => {
    // As `ValidationPipe` does it.
    const validating: PipeTransform = {
      transform(value: unknown, { metatype }) {
        const isPlain =
          metatype === undefined || (metatype as unknown) === Object || typeof value !== 'object'
        return isPlain ? value : Object.assign(new (metatype as unknown as new () => object)(), value)
      },
    }
    const copying: PipeTransform = {
      transform: (value: unknown) =>
        typeof value === 'object' && value !== null ? structuredClone(value) : value,
    }
    const trimming: PipeTransform = {
      transform: (value: unknown) => (typeof value === 'string' ? value.trim() : value),
    }
    class TypedController {
      async typed(session: Session, same: Session, request: RequestSession) {
        await session.append({ role: 'user', content: 'Hi' })
        return { isSame: session.id === same.id && (await request.find())?.id === session.id }
      }
    }
    // The order in which TypeScript does it: types first, then the decorators of parameters, then those of the method.
    const { prototype } = TypedController
    const types = [ChatController, ChatController, Object]
    Reflect.defineMetadata('design:paramtypes', types, prototype, 'typed')
    CurrentSession()(prototype, 'typed', 0)
    CurrentSession()(prototype, 'typed', 1)
    RequestSession()(prototype, 'typed', 2)
    Post('typed')(prototype, 'typed', Object.getOwnPropertyDescriptor(prototype, 'typed')!)
    Controller()(TypedController)
    @Module({ imports: [SessionsModule.forRoot()], controllers: [TypedController] })
    class TypedModule {}
    const url = await serve(
      TypedModule,
      platform,
      (app) => void app.useGlobalPipes(validating, copying, trimming),
    )
    const said = await fetch(`${url}/typed`, post({}))
    expect([said.status, await json(said)]).toEqual([201, { isSame: true }])
  })

  it('says which pipe to mend when one gives a handler something else', async () => {
    const replacing: PipeTransform = { transform: () => ({}) }
    const lines: string[] = []
    const note = (line: unknown) => void lines.push(String(line))
    const url = await serve(chatModule(), platform, (app) => {
      app.useGlobalPipes(replacing)
      app.useLogger({ log: () => {}, warn: note, error: note })
    })
    expect((await fetch(`${url}/look`)).status).toBe(500)
    expect(lines.join()).toContain('A pipe has replaced the parameter of a decorator for a session')
  })

  it('throws what exception filters know, with the right status', async () => {
    const seen: unknown[] = []
    @Catch()
    class Watching implements ExceptionFilter {
      @Inject(HttpAdapterHost) readonly host!: HttpAdapterHost
      catch(thrown: unknown, host: ArgumentsHost): void {
        const error = toSessionException(thrown) as HttpException
        seen.push([error.getStatus(), thrown instanceof HttpException])
        const response: unknown = host.switchToHttp().getResponse()
        this.host.httpAdapter.reply(response, { mine: true }, error.getStatus())
      }
    }
    const url = await serve(chatModule({}, [{ provide: APP_FILTER, useClass: Watching }]), platform)
    expect(await json(await fetch(`${url}/conflict`, post({})))).toEqual({ mine: true })
    expect((await fetch(`${url}/mine`)).status).toBe(401)
    expect((await fetch(`${url}/chats/x`)).status).toBe(404)
    // What a handler lets go of is what the service threw.
    expect(seen).toEqual([
      [409, false],
      [401, true],
      [404, true],
    ])
  })
})
