import { get } from 'node:http'
import { createSessions } from '@sessions/core'
import { createSessionApi } from '@sessions/core/http'
import type express5 from 'express'
import type { Express, Request, Response } from 'express'
import { describe, expect, it } from 'vitest'
import { toExpressHandler } from '../src/index.js'
import { versions } from './chat.js'
import { json, post, serve } from './server.js'

type Framework = typeof express5
type Handler = express5.RequestHandler

const apiOf = (basePath = '') =>
  createSessionApi({ sessions: createSessions(), identify: () => ({ tenantId: 'acme' }), basePath })

const places: [
  name: string,
  place: (app: Express, express: Framework, api: Handler) => void,
  path: string,
][] = [
  ['at the root', (app, _, api) => app.use(api), ''],
  ['under a path', (app, _, api) => app.use('/api', api), '/api'],
  ['under a path with a slash at its end', (app, _, api) => app.use('/api/', api), '/api'],
  ['under a deep path', (app, _, api) => app.use('/api/v1', api), '/api/v1'],
  ['under a parameter', (app, _, api) => app.use('/:tenant/api', api), '/acme%20inc/api'],
  ['in a router', (app, express, api) => app.use('/api', express.Router().use(api)), '/api'],
  [
    'in routers of routers',
    (app, express, api) => app.use('/a', express.Router().use('/b', express.Router().use('/c', api))),
    '/a/b/c',
  ],
  [
    'in an application of its own',
    (app, express, api) => app.use('/shop', express().use('/api', api)),
    '/shop/api',
  ],
  ['in two paths', (app, _, api) => app.use(['/one', '/two'], api), '/two'],
  ['under a path in another case', (app, _, api) => app.use('/api', api), '/API'],
]

describe.each(versions)('%s', (_, express) => {
  it.each(places)('has its API %s in Location and in the description', async (_name, place, path) => {
    for (const basePath of ['', '/v1']) {
      const app = express()
      place(app, express, toExpressHandler(apiOf(basePath)))
      const base = await serve(app)
      const url = `${base}${path}${basePath}/sessions`
      const response = await fetch(url, post({}))
      expect(response.status).toBe(201)
      const { session } = (await response.json()) as { session: { id: string } }
      expect(response.headers.get('location')).toBe(`${path}${basePath}/sessions/${session.id}`)
      expect(await json(await fetch(`${url}/openapi.json`))).toMatchObject({
        servers: [{ url: path === '' ? '/' : path }],
        paths: { [`${basePath}/sessions`]: {} },
      })
    }
  })

  it('answers under the path of `app.use` when that is the basePath of the API, too', async () => {
    const app = express()
    app.use('/v1/api', toExpressHandler(apiOf('/api')))
    app.use((_req: Request, res: Response) => void res.status(418).end())
    const base = await serve(app)
    const response = await fetch(`${base}/v1/api/sessions`, post({}))
    expect(response.status).toBe(201)
    const location = response.headers.get('location')!
    expect(location).toMatch(/^\/v1\/api\/sessions\/[\w-]+$/)
    expect(await json(await fetch(`${base}/v1/api/sessions/openapi.json`))).toMatchObject({
      servers: [{ url: '/v1' }],
    })
    expect((await fetch(`${base}/v1/api/api/sessions`, post({}))).status).toBe(201)
    for (const path of ['/v1/api', '/v1/api/others']) expect((await fetch(base + path)).status).toBe(418)
  })

  it('answers no path that a guard before it has not seen', async () => {
    const app = express()
    app.use('/api/sessions', (_req: Request, res: Response) => void res.status(401).end())
    app.use('/api', toExpressHandler(apiOf()))
    const { hostname, port } = new URL(await serve(app))
    const statusOf = async (path: string) =>
      new Promise<number | undefined>((resolve) => {
        get({ hostname, port, path }, (res) => resolve(res.resume().statusCode))
      })
    expect(await statusOf('/api/sessions')).toBe(401)
    for (const path of [
      '/api/x/../sessions',
      '/api/%2e/sessions',
      '/api/x\\..\\sessions',
      '/x/../api/sessions',
    ])
      expect([path, await statusOf(path)]).toEqual([path, 404])
  })

  it('never names another host in Location', async () => {
    const app = express()
    app.use(/.*evil/, toExpressHandler(apiOf()))
    expect((await fetch(`${await serve(app)}//evil/sessions`, post({}))).status).toBe(404)
  })

  it('takes the host of a proxy that the application trusts for its own', async () => {
    const app = express()
    app.use('/api', toExpressHandler(apiOf()))
    const base = await serve(app)
    const status = async (headers: Record<string, string>) =>
      (await fetch(`${base}/api/sessions`, { method: 'POST', headers: { cookie: 'a=b', ...headers } })).status
    const forwarded = {
      origin: 'https://app.example',
      'x-forwarded-host': 'app.example',
      'x-forwarded-proto': 'https',
    }
    expect(await status(forwarded)).toBe(403)
    app.set('trust proxy', 1)
    expect(await status(forwarded)).toBe(201)
    expect(await status({ ...forwarded, 'x-forwarded-host': 'app.example, inner' })).toBe(201)
    expect(await status({ ...forwarded, origin: 'https://evil.example' })).toBe(403)
    // Express knows this header of no proxy.
    expect(await status({ origin: 'https://app.example', forwarded: 'host=app.example;proto=https' })).toBe(
      403,
    )
    expect(await status({ origin: base })).toBe(201)
    const sent = await fetch(`${base}/api/sessions`, { method: 'POST', headers: forwarded })
    expect(sent.headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-sessions=.*; Secure;/)])
  })
})

const bodies: [name: string, before: (express: Framework) => Handler][] = [
  ['express.json', (express) => express.json()],
  ['express.json, not strict', (express) => express.json({ strict: false, type: '*/*' })],
  [
    'express.json that keeps the bytes',
    (express) =>
      express.json({ verify: (req, _res, bytes) => void ((req as { rawBody?: Buffer }).rawBody = bytes) }),
  ],
  [
    'express.json that keeps the text',
    (express) =>
      express.json({
        verify: (req, _res, bytes) => void ((req as { rawBody?: string }).rawBody = String(bytes)),
      }),
  ],
  ['express.raw', (express) => express.raw({ type: '*/*' })],
  ['express.text', (express) => express.text({ type: '*/*' })],
  ['express.urlencoded', (express) => express.urlencoded({ extended: true })],
  ['a logger that listens', () => listening],
  [
    'a logger that listens, and a parser',
    (express) => (req, res, next) => listening(req, res, () => express.json()(req, res, next)),
  ],
]

const listening: Handler = (req: Request, _res: Response, next) => {
  req.on('data', () => {})
  next()
}

describe.each(versions)('%s, behind', (_, express) => {
  it.each(bodies)('%s, reads the body', async (_name, before) => {
    const app = express()
    app.use(before(express), toExpressHandler(apiOf()))
    const url = `${await serve(app)}/sessions`
    const large = Array.from({ length: 90 }, () => 'é'.repeat(500))
    const response = await fetch(url, post({ title: 'é', state: { large } }))
    expect([response.status, await json(response)]).toMatchObject([201, { session: { title: 'é' } }])
    expect((await fetch(url, { method: 'POST' })).status).toBe(201)
    expect((await fetch(url, post(['no object']))).status).toBe(400)
  })

  it('what has taken the body and kept it nowhere, says so', async () => {
    const app = express()
    const taking: Handler = (req, _res, next) => {
      req.resume().on('end', next)
    }
    app.use(taking, toExpressHandler(apiOf()))
    const url = `${await serve(app)}/sessions`
    const response = await fetch(url, post({}))
    expect([response.status, await json(response)]).toMatchObject([
      400,
      { code: 'invalid', path: 'body', detail: expect.stringContaining('read before the API') },
    ])
    expect((await fetch(url, { method: 'POST' })).status).toBe(201)
  })
})

it('refuses what is no API at the start', () => {
  for (const given of [undefined, {}, Promise.resolve({}), () => {}, { handle: async () => new Response() }])
    expect(() => toExpressHandler(given as never)).toThrow(
      expect.objectContaining({ code: 'invalid', path: 'api' }) as Error,
    )
})
