import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  HttpException,
  Inject,
  Logger,
  Module,
  Post,
  UseFilters,
} from '@nestjs/common'
import { APP_FILTER, BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core'
import { type Session, SessionError, type SessionStore } from '@sessions/core'
import { describe, expect, it, vi } from 'vitest'
import {
  CurrentSession,
  RequireSession,
  SessionProblemFilter,
  SessionsModule,
  toSessionException,
} from '../src/index.js'
import { json, platforms, post, serve } from './server.js'

@Controller()
class WrongController {
  @Post('conflict')
  async conflict(@CurrentSession() session: Session) {
    await session.append({ id: 'm', role: 'user', content: 'one' })
    await session.append({ id: 'm', role: 'user', content: 'another' })
  }

  @Get('wait')
  wait() {
    throw new SessionError('limit_reached', 'Too many.', { retryAfterMs: 1500 })
  }

  @Get('copy')
  copy() {
    throw Object.assign(new Error('Somebody else was first.'), {
      [Symbol.for('@sessions/error')]: true,
      code: 'conflict',
    })
  }

  @Get('mine')
  @RequireSession()
  mine() {
    return {}
  }

  @Get('other')
  other() {
    throw new TypeError('not of sessions')
  }
}

/** A filter of an application: it says what it saw. */
abstract class Watching implements ExceptionFilter {
  @Inject(HttpAdapterHost) readonly host!: HttpAdapterHost

  catch(thrown: unknown, host: ArgumentsHost): void {
    const name = (thrown as Error).constructor.name
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { mine: name }, 418)
  }
}
@Catch()
class WatchingAll extends Watching {}
@Catch(SessionError)
class WatchingSessions extends Watching {}
@Catch(HttpException)
class WatchingHttp extends Watching {}
@Catch(TypeError)
class WatchingTypes extends Watching {}

const asAppFilter = (filter: object) => ({ provide: APP_FILTER, useClass: filter as never })

function moduleWith(
  providers: object[],
  imports: object[] = [SessionsModule.forRoot()],
  controller = WrongController,
) {
  @Module({ imports: imports as [], controllers: [controller], providers: providers as [] })
  class AppModule {}
  return AppModule
}

describe.each(platforms)('on %s', (platform) => {
  it('an error of sessions comes out as its problem, and others as ever', async () => {
    const url = await serve(moduleWith([]), platform)
    const response = await fetch(`${url}/conflict`, post({}))
    expect(response.status).toBe(409)
    expect(response.headers.get('content-type')).toContain('application/problem+json')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await json(response)).toMatchObject({ type: 'urn:sessions:problem:conflict', status: 409 })
    const wait = await fetch(`${url}/wait`)
    // Here no session has been asked for, which would keep the answer private anyway.
    const { status, headers } = wait
    expect([status, headers.get('retry-after'), headers.get('cache-control')]).toEqual([429, '2', 'no-store'])
    const mine = await fetch(`${url}/mine`)
    expect(mine.status).toBe(401)
    expect(mine.headers.get('content-type')).toContain('application/problem+json')
    expect((await fetch(`${url}/other`)).status).toBe(500)
    expect((await fetch(`${url}/nowhere`)).status).toBe(404)
  })

  it('an error of another copy of the core comes out as its problem', async () => {
    const url = await serve(moduleWith([]), platform)
    const response = await fetch(`${url}/copy`)
    expect(response.status).toBe(409)
    expect(await json(response)).toMatchObject({ code: 'conflict', detail: 'Somebody else was first.' })
  })

  it('with options from a factory too', async () => {
    const root = SessionsModule.forRootAsync({ useFactory: () => ({}) })
    const url = await serve(moduleWith([], [root]), platform)
    expect((await fetch(`${url}/conflict`, post({}))).status).toBe(409)
  })

  it('is Nest’s 500 where that is wanted', async () => {
    const url = await serve(moduleWith([], [SessionsModule.forRoot({ problems: false })]), platform)
    expect((await fetch(`${url}/conflict`, post({}))).status).toBe(500)
    expect(await json(await fetch(`${url}/mine`))).toMatchObject({ status: 401 })
  })

  it('has its status from the filter of Nest, too, that gets it as an exception', async () => {
    @Catch()
    class EveryErrorFilter extends BaseExceptionFilter {
      override catch(error: unknown, host: ArgumentsHost): void {
        // oxlint-disable-next-line promise/no-promise-in-callback, promise/valid-params -- A filter is no promise.
        super.catch(toSessionException(error), host)
      }
    }
    const url = await serve(moduleWith([asAppFilter(EveryErrorFilter)]), platform)
    const response = await fetch(`${url}/conflict`, post({}))
    expect(response.status).toBe(409)
    expect(await json(response)).toMatchObject({ code: 'conflict', status: 409 })
    expect((await fetch(`${url}/other`)).status).toBe(500)
  })

  it('a filter of the application sees it instead, however it is bound', async () => {
    @Module({ providers: [asAppFilter(WatchingAll)] })
    class FilterModule {}
    @UseFilters(WatchingAll)
    @Controller()
    class FilteredController extends WrongController {}
    const own = SessionsModule.forRoot()
    const bound = {
      'APP_FILTER of the application': moduleWith([asAppFilter(WatchingAll)], [own]),
      'APP_FILTER of a module before': moduleWith([], [FilterModule, own]),
      'APP_FILTER of a module after': moduleWith([], [own, FilterModule]),
      'on a controller': moduleWith([], [own], FilteredController),
      'for errors of sessions': moduleWith([asAppFilter(WatchingSessions)], [own]),
    }
    for (const [how, module] of Object.entries(bound)) {
      const url = await serve(module, platform)
      const response = await fetch(`${url}/conflict`, post({}))
      expect([response.status, await json(response)], how).toEqual([418, { mine: 'SessionError' }])
    }
    const late = await serve(moduleWith([]), platform, (app) => {
      app.useGlobalFilters(Object.assign(new WatchingAll(), { host: app.get(HttpAdapterHost) }))
    })
    expect((await fetch(`${late}/conflict`, post({}))).status).toBe(418)
  })

  it('prints nothing of what a store has said', async () => {
    const printed = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => {})
    const cause = new Error('connect redis://user:secret@db failed for "my locker code"')
    const away = () => Promise.reject(new SessionError('store_failed', 'The store refuses.', { cause }))
    const store = new Proxy({} as SessionStore, { get: () => away })
    const root = SessionsModule.forRoot({ service: { store }, api: {} })
    const url = await serve(moduleWith([], [root]), platform)
    await fetch(`${url}/conflict`, post({}))
    await fetch(`${url}/sessions`, post({}))
    const line = 'store_failed: The store refuses. (its cause, Error, is not shown)'
    expect(printed.mock.calls).toEqual([[line], [line]])
    const logger = expect.objectContaining({ context: 'Sessions' }) as object
    expect(printed.mock.contexts).toEqual([logger, logger])
    printed.mockRestore()
  })

  it('a filter for other errors leaves these to us', async () => {
    const url = await serve(moduleWith([asAppFilter(WatchingTypes), asAppFilter(WatchingHttp)]), platform)
    expect((await fetch(`${url}/conflict`, post({}))).status).toBe(409)
    expect(await json(await fetch(`${url}/other`))).toEqual({ mine: 'TypeError' })
    // What guards and decorators throw is an exception of Nest.
    expect(await json(await fetch(`${url}/mine`))).toEqual({ mine: 'SessionException' })
  })
})

it('an answer that has begun is ended, and nothing else', () => {
  const calls: unknown[] = []
  const httpAdapter = { isHeadersSent: () => true, end: (response: unknown) => calls.push(response) }
  const response = {}
  const host = { getType: () => 'http', switchToHttp: () => ({ getResponse: () => response }) }
  const filter = new SessionProblemFilter({ httpAdapter } as never)
  filter.catch(new SessionError('conflict', 'Somebody else was first.'), host as never)
  expect(calls).toEqual([response])
})

describe('outside of HTTP', () => {
  const filter = new SessionProblemFilter({} as HttpAdapterHost)
  const error = new SessionError('not_found', 'There is no such session.')
  const hostOf = (type: string, client?: object) =>
    ({ getType: () => type, switchToWs: () => ({ getClient: () => client }) }) as unknown as ArgumentsHost

  it('a socket is told what Nest tells it, and nothing is thrown', () => {
    const told: unknown[] = []
    const emit = (...given: unknown[]) => told.push(given)
    filter.catch(error, hostOf('ws', { emit }))
    filter.catch(error, hostOf('ws', {}))
    expect(told).toEqual([['exception', { status: 'error', message: 'Internal server error' }]])
  })

  it('the rest is Nest’s to answer, as it is where a filter gives nothing', () => {
    for (const type of ['rpc', 'graphql']) expect(filter.catch(error, hostOf(type))).toBeUndefined()
  })
})
