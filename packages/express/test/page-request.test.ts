import { createSessions, SessionError } from '@sessions/core'
import type { Request, Response } from 'express'
import { describe, expect, it } from 'vitest'
import {
  checkOrigin,
  getSession,
  sessionsErrorHandler,
  sessionsMiddleware,
  toExpressHandler,
} from '../src/index.js'
import { versions } from './chat.js'
import { json, serve } from './server.js'

const own = 'https://shop.example'

describe.each(versions)('%s', (_, express) => {
  /** Where an application behind some proxy answers unsafe requests of its pages alone. */
  async function shop(trust: unknown, options?: Parameters<typeof checkOrigin>[0]) {
    const app = express()
    app.set('trust proxy', trust)
    app.use(options === undefined ? checkOrigin() : checkOrigin(options))
    app.post('/', (_req: Request, res: Response) => void res.sendStatus(204))
    app.use(sessionsErrorHandler())
    const base = await serve(app)
    return async (headers: Record<string, string>) =>
      (await fetch(base, { method: 'POST', headers: { cookie: 'a=b', ...headers } })).status
  }

  it('takes the host that a proxy names for its own, where the application trusts the proxy', async () => {
    const forwarded = { origin: own, 'x-forwarded-proto': 'https' }
    for (const [trust, status] of [
      [true, 204],
      ['loopback', 204],
      [false, 403],
      ['10.0.0.1', 403],
    ] as const) {
      const send = await shop(trust)
      expect([trust, await send({ ...forwarded, 'x-forwarded-host': 'shop.example' })]).toEqual([
        trust,
        status,
      ])
      expect(await send({ ...forwarded, 'x-forwarded-host': ' shop.example , evil.example' })).toBe(status)
      expect(await send({ ...forwarded, 'x-forwarded-host': 'evil.example, shop.example' })).toBe(403)
      expect(await send(forwarded)).toBe(403)
    }
  })

  it('lets pages of its own host, and those that are trusted, act for their visitors, and no others', async () => {
    const app = express()
    app.use(checkOrigin())
    app.post('/', (_req: Request, res: Response) => void res.sendStatus(204))
    app.use(sessionsErrorHandler())
    const base = await serve(app)
    const statusOf = async (origin: string) =>
      (await fetch(base, { method: 'POST', headers: { cookie: 'a=b', origin } })).status
    expect([await statusOf(base), await statusOf(own), await statusOf('null')]).toEqual([204, 403, 403])
    const trusting = await shop(false, { trustedOrigins: [own] })
    expect([await trusting({ origin: own }), await trusting({ origin: 'https://evil.example' })]).toEqual([
      204, 403,
    ])
  })

  it('lets a request with a credential in its header through where that carries credentials alone', async () => {
    const header = { origin: own, 'x-session-id': 'a.credential' }
    const withCookies = await shop(false)
    expect(await withCookies(header)).toBe(403)
    const withHeader = await shop(false, { header: true })
    expect(await withHeader(header)).toBe(204)
    expect(await withHeader({ origin: own })).toBe(403)
  })

  it('lets pages of its own host, and those that are trusted, begin sessions, and no others', async () => {
    for (const trustedOrigins of [undefined, [own]]) {
      const app = express()
      const sessions = createSessions({ onWarning: () => {} })
      const identify = () => ({ tenantId: 'acme' })
      app.use(sessionsMiddleware({ sessions, identify, ...(trustedOrigins && { trustedOrigins }) }))
      app.post('/', async (req: Request, res: Response, next: (error: unknown) => void) => {
        try {
          await (await getSession(req)).append({ role: 'user', content: 'Hi' })
          res.sendStatus(204)
        } catch (error) {
          next(error)
        }
      })
      app.use(sessionsErrorHandler())
      const base = await serve(app)
      const answer = async (origin: string) => {
        const { status, headers } = await fetch(base, { method: 'POST', headers: { origin } })
        return [status, headers.getSetCookie().length]
      }
      expect(await answer(base)).toEqual([204, 1])
      expect(await answer(own)).toEqual(trustedOrigins === undefined ? [403, 0] : [204, 1])
      expect(await answer('https://evil.example')).toEqual([403, 0])
    }
  })

  it('says why it refuses, with the cause', async () => {
    const app = express()
    let passed: unknown
    app.use(checkOrigin())
    app.use((error: unknown, _req: Request, res: Response, _next: unknown) => {
      passed = error
      res.sendStatus(403)
    })
    const base = await serve(app)
    await fetch(base, { method: 'POST', headers: { cookie: 'a=b', origin: own } })
    expect(passed).toBeInstanceOf(SessionError)
    expect(passed).toMatchObject({
      code: 'forbidden',
      message: expect.stringMatching(
        /^The request may come from a page of another site: .*trustedOrigins/,
      ) as string,
      cause: expect.any(Error) as unknown,
    })
  })
})

describe.each(versions)('sessionsErrorHandler of %s', (_, express) => {
  /** What an application answers for an error, and what it passes on. */
  async function answerTo(error: unknown, isBegun = false) {
    const app = express()
    let passed: unknown
    app.get('/', (_req: Request, res: Response, next: (error: unknown) => void) => {
      if (isBegun) res.write('begun')
      next(error)
    })
    app.use(sessionsErrorHandler())
    app.use((given: unknown, _req: Request, res: Response, _next: unknown) => {
      passed = given
      if (!res.headersSent) res.status(599)
      res.end()
    })
    const response = await fetch(await serve(app))
    const type = response.headers.get('content-type')
    return {
      status: response.status,
      passed,
      body: type?.includes('problem') === true ? await json(response) : undefined,
    }
  }
  const failed = (status: unknown, expose: unknown, more: object = { type: 'entity.parse.failed' }) =>
    Object.assign(new Error('secret'), { status, expose, ...more })

  it('answers what a session refuses, and what Express could not read', async () => {
    const missing = await answerTo(new SessionError('not_found', 'none'))
    expect(missing).toMatchObject({ status: 404, body: { code: 'not_found' }, passed: undefined })
    for (const [status, code] of [
      [400, 'invalid'],
      [413, 'too_large'],
      [415, 'unsupported_media_type'],
      [499, 'invalid'],
    ] as const)
      expect(await answerTo(failed(status, true))).toMatchObject({
        status,
        body: { code, status },
        passed: undefined,
      })
    for (const more of [
      { type: 'charset.unsupported' },
      { type: 'request.aborted' },
      { code: 'Z_DATA_ERROR' },
    ])
      expect(await answerTo(failed(400, true, more))).toMatchObject({
        status: 400,
        body: { code: 'invalid' },
      })
  })

  it('answers a path that Express cannot decode', async () => {
    const app = express()
    app.get('/chats/:id', (_req: Request, res: Response) => void res.send('found'))
    app.use(sessionsErrorHandler())
    const base = await serve(app)
    expect(await (await fetch(`${base}/chats/%C3%A9`)).text()).toBe('found')
    for (const id of ['%', '%ff', '%c3%28']) {
      const refused = await fetch(`${base}/chats/${id}`)
      expect([refused.status, refused.headers.get('content-type')]).toEqual([
        400,
        expect.stringContaining('application/problem+json'),
      ])
      expect(await json(refused)).toMatchObject({ code: 'invalid', path: 'path' })
    }
  })

  it('passes on every other error, and any once the answer has begun', async () => {
    const others = [
      new URIError('secret'),
      Object.assign(new URIError('secret'), { status: 500 }),
      failed(400, false),
      failed(400, undefined),
      failed(399, true),
      failed(500, true),
      failed('400', true),
      failed(404, true, {}),
      failed(404, true, { type: 'product', code: 'ENOENT' }),
      new Error('secret'),
      'a text',
    ]
    for (const error of others) {
      const answer = await answerTo(error)
      expect([answer.status, answer.passed, answer.body]).toEqual([599, error, undefined])
    }
    const late = new SessionError('not_found', 'none')
    const answer = await answerTo(late, true)
    expect([answer.status, answer.passed]).toEqual([200, late])
  })
})

describe.each(versions)('toExpressHandler of %s', (_, express) => {
  it('gives an API the address that the client used, and leaves other paths alone', async () => {
    const app = express()
    app.set('trust proxy', true)
    const urls: string[] = []
    const api = {
      owns: (path: string) => path === '/sessions',
      handle: async (request: globalThis.Request) => new Response(String(urls.push(request.url))),
    }
    app.use('/api', toExpressHandler(api as never))
    app.use((_req: Request, res: Response) => void res.sendStatus(418))
    const base = await serve(app)
    await fetch(`${base}/api/sessions?a=1`)
    const forwarded = { 'x-forwarded-host': 'shop.example', 'x-forwarded-proto': 'https' }
    await fetch(`${base}/api/sessions?a=2`, { headers: forwarded })
    expect(urls).toEqual([`${base}/api/sessions?a=1`, 'https://shop.example/api/sessions?a=2'])
    expect((await fetch(`${base}/api/others`)).status).toBe(418)
    expect(urls).toHaveLength(2)
  })
})
