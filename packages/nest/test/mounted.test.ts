import { once } from 'node:events'
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import { text } from 'node:stream/consumers'
import { Controller, Module, Post } from '@nestjs/common'
import { RouterModule } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { NestFactory } from '@nestjs/core'
import type { INestApplication } from '@nestjs/common'
import { createSessions, type Session } from '@sessions/core'
import { createSessionApi } from '@sessions/core/http'
import { selfSigned } from '@sessions/testkit'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { CurrentSession, SessionsModule } from '../src/index.js'
import { json, listen, platforms, post, serve } from './server.js'

@Controller()
class ChatController {
  @Post('chat')
  async chat(@CurrentSession() session: Session) {
    await session.append({ role: 'user', content: 'Hi' })
    return { id: session.id }
  }
}

function moduleWith(api: object, imports: readonly object[] = []) {
  @Module({
    imports: [SessionsModule.forRoot({ api }), ...(imports as [])],
    controllers: [ChatController],
  })
  class AppModule {}
  return AppModule
}

const closing: (() => unknown)[] = []
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const close of closing.splice(0)) await close()
})

/** An API of the application's own, which no option of the module has made. */
const ownApi = () =>
  createSessionApi({
    sessions: createSessions(),
    identify: () => ({ tenantId: 'acme' }),
    basePath: '/v1',
  })

const routed = (path: string) => RouterModule.register([{ path, module: SessionsModule }])

describe.each(platforms)('the API on %s', (platform) => {
  it.each([
    ['a word', 'all', [], '/all'],
    ['a word with slashes', '/all/', [], '/all'],
    ['words', 'all/of/it', [], '/all/of/it'],
    ['a parameter', ':tenant/api', [], '/acme/api'],
    ['a parameter that is encoded', ':tenant', [], '/acme%20inc'],
    ['a dot', 'api.v2', [], '/api.v2'],
    ['a path of RouterModule', '', [routed('shop')], '/shop'],
    [
      'a prefix, and a path of RouterModule with a parameter',
      'all',
      [routed('/shops/:shop')],
      '/all/shops/7',
    ],
  ])('stands under %s', async (_, prefix, imports, path) => {
    for (const api of [{ prefix: '/v1' }, ownApi()]) {
      const url = await serve(moduleWith(api, imports), platform, (app) => {
        if (prefix !== '') app.setGlobalPrefix(prefix)
      })
      const made = await fetch(`${url}${path}/v1/sessions`, post({ title: 'x'.repeat(100) }))
      expect([made.status, made.headers.get('location')]).toEqual([
        201,
        expect.stringMatching(`^${path}/v1/sessions/`),
      ])
      const described = await json(await fetch(`${url}${path}/v1/sessions/openapi.json`))
      expect(described).toMatchObject({ servers: [{ url: path }], paths: { '/v1/sessions': {} } })
      expect((await fetch(`${url}/v1/sessions`, post({}))).status).toBe(404)
    }
  })

  it('refuses at the start to stand under a path that it cannot read', async () => {
    const start = (prefix: string) =>
      listen(moduleWith({}), platform, (app) => void app.setGlobalPrefix(prefix))
    await expect(start('api/*rest')).rejects.toThrow(/cannot stand under ".*": its path may have words/)
    await expect(start('files/:name.:type')).rejects.toMatchObject({ code: 'invalid', path: 'api' })
  })

  it('answers no path that its guards cannot be asked about', async () => {
    const sessions = createSessions()
    let asked = 0
    const guard = { canActivate: () => (asked++, false) }
    @Module({ imports: [SessionsModule.forRoot({ sessions, api: {} })] })
    class AppModule {}
    const url = await serve(AppModule, platform, (app) => {
      app.setGlobalPrefix(':tenant/api').useGlobalGuards(guard)
    })
    expect((await fetch(`${url}/acme/api/sessions`, post({}))).status).toBe(403)
    // The platform cannot decode these, and asks nobody.
    for (const tenant of ['%ff', '%', '%c0%af', 'a%2', '%ED%A0%80']) {
      for (const path of [
        'sessions',
        'sessions/',
        'sessions/openapi.json',
        'transfers/redeem',
        'sessions/%',
      ]) {
        const answer = await fetch(`${url}/${tenant}/api/${path}`, post({}))
        expect([answer.status, await json(answer)], path).toMatchObject([404, { code: 'no_such_route' }])
        expect((await fetch(`${url}/${tenant}/api/${path}`)).status, path).toBe(404)
      }
    }
    expect(asked).toBe(1)
    const everybody = sessions.for({ tenantId: 'default', roles: ['admin'] })
    expect((await everybody.list()).items).toEqual([])
  })

  it('takes the host of a proxy that the platform trusts for its own', async () => {
    const adapter = new FastifyAdapter({ forceCloseConnections: true, trustProxy: true })
    const { app, url } = await listen(
      moduleWith({}),
      platform,
      (made) => {
        if (platform === 'Express')
          (made as unknown as { set(name: string, to: unknown): void }).set('trust proxy', 1)
      },
      adapter,
    )
    closing.push(() => app.close())
    const untrusting = await serve(moduleWith({}), platform)
    const status = async (base: string, headers: Record<string, string>) =>
      (await fetch(`${base}/sessions`, { method: 'POST', headers: { cookie: 'a=b', ...headers } })).status
    const forwarded = {
      origin: 'https://app.example',
      'x-forwarded-host': 'app.example',
      'x-forwarded-proto': 'https',
    }
    expect(await status(untrusting, forwarded)).toBe(403)
    expect(await status(url, forwarded)).toBe(201)
    expect(await status(url, { ...forwarded, origin: 'https://evil.example' })).toBe(403)
    expect(
      await status(url, { origin: 'https://app.example', forwarded: 'host=app.example;proto=https' }),
    ).toBe(403)
    expect(await status(url, { origin: url })).toBe(201)
    for (const path of ['/sessions', '/chat']) {
      const sent = await fetch(url + path, { method: 'POST', headers: forwarded })
      expect(sent.headers.getSetCookie(), path).toEqual([
        expect.stringMatching(/^__Host-sessions=.*; Secure;/),
      ])
    }
  })
})

it.each(platforms)('stores no session in production that nobody could open, on %s', async (platform) => {
  vi.stubEnv('NODE_ENV', 'production')
  const sessions = createSessions({ onWarning: () => {} })
  @Module({
    imports: [SessionsModule.forRoot({ sessions, api: {}, onWarning: () => {} })],
    controllers: [ChatController],
  })
  class AppModule {}
  const url = await serve(AppModule, platform)
  for (const path of ['/chat', '/sessions']) {
    const refused = await fetch(url + path, post({}, { 'x-forwarded-proto': 'https' }))
    expect(refused.status).toBe(500)
    expect(refused.headers.getSetCookie()).toEqual([])
    expect(await json(refused)).toMatchObject({
      code: 'insecure_transport',
      detail: expect.stringContaining('trustProxy'),
    })
  }
  const everybody = sessions.for({ tenantId: 'default', roles: ['admin'] })
  expect((await everybody.list()).items).toEqual([])
})

it('has its place in an application of Express that has mounted Nest', async () => {
  const inner = new ExpressAdapter()
  const app = await NestFactory.create<INestApplication>(moduleWith({}), inner, { logger: false })
  await app.init()
  closing.push(() => app.close())
  const outer = new ExpressAdapter()
  outer.use('/nest', inner.getInstance<never>())
  outer.initHttpServer({})
  await once(outer.listen(0, '127.0.0.1'), 'listening')
  closing.push(() => outer.close())
  const { port } = outer.getHttpServer().address() as { port: number }
  const made = await fetch(`http://127.0.0.1:${port}/nest/sessions`, post({}))
  expect([made.status, made.headers.get('location')]).toEqual([
    201,
    expect.stringMatching('^/nest/sessions/'),
  ])
})

describe.each(['clear', 'secure'])('Nest on Fastify over %s HTTP/2', (kind) => {
  async function open(): Promise<{ client: ClientHttp2Session; origin: string }> {
    const adapter =
      kind === 'clear'
        ? new FastifyAdapter({ http2: true } as never)
        : new FastifyAdapter({ http2: true, https: selfSigned } as never)
    const { app, url } = await listen(moduleWith({}), 'Fastify', undefined, adapter as never)
    const origin = kind === 'clear' ? url : url.replace('http:', 'https:')
    const client = connect(origin, { rejectUnauthorized: false })
    closing.push(
      () => client.destroy(),
      () => app.close(),
    )
    return { client, origin }
  }

  async function send(client: ClientHttp2Session, headers: Record<string, string>, body?: string) {
    const stream = client.request({ ':method': 'POST', ...headers }, { endStream: body === undefined })
    if (body !== undefined) stream.end(body)
    const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }]
    return { status: head[':status'], headers: head, body: await text(stream) }
  }

  it('reads bodies, knows its origin, and hands cookies over', async () => {
    const { client, origin } = await open()
    const api = { ':path': '/sessions', 'content-type': 'application/json', origin, cookie: 'a=b' }
    const made = await send(client, api, '{"title":"T"}')
    expect([made.status, JSON.parse(made.body)]).toMatchObject([201, { session: { title: 'T' } }])
    expect((await send(client, api)).status).toBe(201)
    expect((await send(client, { ...api, origin: 'https://evil.example' }, '{}')).status).toBe(403)
    const name = kind === 'clear' ? 'sessions=' : '__Host-sessions='
    expect(made.headers['set-cookie']![0]).toContain(name)
    const said = await send(client, { ':path': '/chat', origin })
    expect([said.status, said.headers['set-cookie']?.length]).toEqual([201, 1])
  })
})
