import { Controller, type ExecutionContext, Get, Logger, Module, Post, Res, UseGuards } from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import type { ServerResponse } from 'node:http'
import { type Identity, type Session, SessionError } from '@sessions/core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  CurrentSession,
  OptionalSession,
  RequestSession,
  RequestSessions,
  RequireSession,
  SessionException,
  SessionIdentity,
  SessionsGuard,
  SessionsModule,
} from '../src/index.js'
import { SessionPipe, sessionQuestion } from '../src/session.pipe.js'
import { browser, json, platforms, post, serve } from './server.js'

const support = { service: 'support' }

/** Made in a test, as decorators work when a class is made. */
function supportModule() {
  @Controller()
  class SupportController {
    @Post('begin')
    async begin(@CurrentSession(support) session: Session) {
      await session.append({ role: 'user', content: 'help' })
      return { id: session.id }
    }

    @Get('seen')
    async seen(
      @SessionIdentity(support) identity: Identity,
      @OptionalSession(support) session: Session | undefined,
      @RequestSession(support) request: RequestSession,
      @SessionIdentity() root: Identity,
      @OptionalSession() none: Session | undefined,
    ) {
      return {
        tenants: [root.tenantId, identity.tenantId],
        ids: [none?.id ?? null, session?.id ?? null, (await request.find())?.id ?? null],
      }
    }

    @Get('closed')
    @RequireSession(support)
    closed() {
      return {}
    }

    @Get('closed-to-all')
    @RequireSession()
    closedToAll() {
      return {}
    }

    @Get('unnamed')
    unnamed(@CurrentSession({ param: 'id' }) session: Session) {
      return { id: session.id }
    }

    @Get('missing')
    missing(@CurrentSession({ service: 'nobody' }) session: Session) {
      return { id: session.id }
    }

    @Get('begun')
    begun(@Res() response: ServerResponse & { raw?: ServerResponse }) {
      ;(response.raw ?? response).write('begun')
      throw new SessionError('conflict', 'Somebody else was first.')
    }
  }

  @Module({
    imports: [
      SessionsModule.forRoot({ identify: () => ({ tenantId: 'shop' }) }),
      SessionsModule.forFeature('support', { identify: () => ({ tenantId: 'help' }) }),
    ],
    controllers: [SupportController],
  })
  class SupportModule {}
  return SupportModule
}

afterEach(() => vi.restoreAllMocks())

describe.each(platforms)('on %s', (platform) => {
  it('decorators take the service that they name', async () => {
    const go = browser(await serve(supportModule(), platform))
    expect((await go('/closed')).status).toBe(401)
    const { id } = await json(await go('/begin', post({})))
    expect(await json(await go('/seen'))).toEqual({ tenants: ['shop', 'help'], ids: [null, id, id] })
    expect([(await go('/closed')).status, (await go('/closed-to-all')).status]).toEqual([200, 401])
  })

  it('says what is missing: a session, a parameter, a module', async () => {
    const logged = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => {})
    const url = await serve(supportModule(), platform)
    const problem = async (path: string, headers = {}) => json(await fetch(url + path, { headers }))
    expect(await problem('/closed-to-all')).toMatchObject({
      status: 401,
      code: 'unauthenticated',
      detail: 'The request came without a session.',
    })
    expect(await problem('/closed-to-all', { cookie: 'sessions=a.b.c.d' })).toMatchObject({
      status: 404,
      code: 'not_found',
      detail: 'There is no such session.',
    })
    expect(await problem('/unnamed')).toMatchObject({
      status: 400,
      code: 'invalid',
      detail: 'The route has no parameter :id.',
      path: 'id',
    })
    expect(await problem('/missing')).toMatchObject({
      code: 'invalid',
      detail: "No module imports SessionsModule.forFeature('nobody').",
    })
    // Errors of the caller are the caller's to see.
    expect(logged.mock.calls).toEqual([])
  })

  it('an error after the first byte ends the answer', async () => {
    const url = await serve(supportModule(), platform)
    const answer = await fetch(`${url}/begun`)
    expect([answer.status, await answer.text()]).toEqual([200, 'begun'])
  })
})

describe('outside of HTTP', () => {
  const requests = new RequestSessions()
  const contextOf = (type: string) =>
    ({
      getType: () => type,
      getHandler: () => contextOf,
      getClass: () => Object,
    }) as unknown as ExecutionContext

  it('no session belongs to a message', () => {
    expect(() => requests.of(contextOf('rpc'))).toThrow(
      expect.objectContaining({
        code: 'invalid',
        message:
          'A rpc context has no request, and so no session: pass the handle, or use sessions.for(identity).',
      }) as Error,
    )
  })

  it('the guard of an application lets messages through, and none to a handler that demands a session', async () => {
    const guard = new SessionsGuard(new Reflector(), requests)
    expect(await guard.canActivate(contextOf('rpc'))).toBe(true)
    const demanding = new SessionsGuard(
      { getAllAndOverride: () => ({ isRequired: true }) } as never,
      requests,
    )
    // Nest logs what is no exception of HTTP, so that somebody reads the sentence.
    for (const type of ['rpc', 'ws'])
      await expect(demanding.canActivate(contextOf(type))).rejects.toMatchObject({
        name: 'SessionError',
        code: 'invalid',
      })
    await expect(demanding.canActivate(contextOf('graphql'))).rejects.toMatchObject({
      problem: { code: 'invalid' },
    })
  })

  it.each(['ws', 'rpc', 'graphql'])(
    'a guard on a handler of %s, or on its class, closes it',
    async (type) => {
      const guard = new SessionsGuard(new Reflector(), requests)
      class Open {
        open() {}
        @UseGuards(SessionsGuard)
        closed() {}
      }
      @UseGuards(guard)
      class Closed extends Open {}
      const enter = async (of: typeof Open, name: 'open' | 'closed') => {
        const handler: unknown = Object.getOwnPropertyDescriptor(Open.prototype, name)!.value
        const context = { getType: () => type, getHandler: () => handler, getClass: () => of }
        return guard.canActivate(context as unknown as ExecutionContext)
      }
      expect(await enter(Open, 'open')).toBe(true)
      const none = /has no request, and so no session/
      await expect(enter(Open, 'closed')).rejects.toThrow(none)
      await expect(enter(Closed, 'open')).rejects.toThrow(none)
    },
  )

  it('a decorator says so in an error that Nest logs', async () => {
    const pipe = new SessionPipe(requests)
    for (const [type, kind] of [
      ['ws', SessionError],
      ['rpc', SessionError],
      ['graphql', SessionException],
    ] as const) {
      const asked = sessionQuestion(contextOf(type), undefined, (session) => session.get())
      const told = await pipe.transform(asked).catch((error: unknown) => error)
      expect(told).toBeInstanceOf(kind)
      expect((told as Error).message).toMatch(/has no request, and so no session/)
    }
  })
})

it('tells pipes nothing of the type of its parameter, and all of others', () => {
  class Typed {
    typed() {}
  }
  const { prototype } = Typed
  Reflect.defineMetadata('design:paramtypes', [String, Typed, Date], prototype, 'typed')
  Reflect.defineMetadata('design:paramtypes', [Typed], Typed)
  CurrentSession()(prototype, 'typed', 1)
  CurrentSession()(Typed, undefined, 0)
  CurrentSession()(prototype, 'untyped', 0)
  expect([
    Reflect.getMetadata('design:paramtypes', prototype, 'typed'),
    Reflect.getMetadata('design:paramtypes', Typed),
    Reflect.getMetadata('design:paramtypes', prototype, 'untyped'),
  ]).toEqual([[String, Object, Date], [Typed], undefined])
})

it('an exception says what the error says, which is its cause', () => {
  const error = new SessionError('not_found', 'There is no such session.')
  const { message, cause, problem } = new SessionException(error)
  expect([message, cause, problem.status]).toEqual(['There is no such session.', error, 404])
  const untold = new SessionException(new SessionError('store_failed', ''))
  expect(untold.message).toBe(untold.problem.title)
})
