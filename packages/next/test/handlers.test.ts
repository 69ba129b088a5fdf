// Before Next's own modules, as Next itself does it.
import 'next/dist/server/node-environment-baseline.js'
import { createSessions, SessionError } from '@sessions/core'
import { createSessionApi, guests } from '@sessions/core/http'
import { cookies } from 'next/headers.js'
import { forbidden, notFound, redirect, unauthorized } from 'next/navigation.js'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  forgetSession,
  newSession,
  nextSessions,
  type NextSessionsRequest,
  toRouteHandlers,
  withProblems,
  withSession,
} from '../src/index.js'
import { inRequest } from './in-request.js'

const url = 'http://inner:3000/route'
const origin = 'https://shop.example'
const page = { host: 'shop.example', 'x-forwarded-proto': 'https' }
const identify = () => ({ tenantId: 'acme' })

beforeAll(() => {
  // `forbidden()` and `unauthorized()` are there only where an application asks for them.
  vi.stubEnv('__NEXT_EXPERIMENTAL_AUTH_INTERRUPTS', 'true')
})
afterEach(() => vi.restoreAllMocks())

let count = 0
const newChat = (options: object = {}) =>
  nextSessions({ name: `handlers-${count++}`, open: () => createSessions(), identify, ...options })

/** The answer of a handler to a request of a page. */
const answered = (
  handler: (request: never, context: never) => Promise<Response>,
  init: RequestInit = {},
  context?: unknown,
) =>
  inRequest(url, { ...init, headers: { ...page, ...init.headers } }, async ({ request, cookies: set }) => {
    const response = await handler(request as never, context as never)
    return { response, set, status: response.status }
  })

const problem = async ({ response }: { response: Response }) =>
  [response.status, ((await response.json()) as { code: string }).code] as const

describe('a handler that finds its sessions itself', () => {
  it('gets the request and what Next gives with it, and answers', async () => {
    const chat = newChat()
    const given: unknown[] = []
    const handler = withProblems(chat, (request, context: string) => {
      given.push(request.method, context)
      return new Response('said', { status: 201, statusText: 'Made', headers: { 'X-Own': 'yes' } })
    })
    const { response } = await answered(handler, { method: 'POST' }, 'context')
    expect(given).toEqual(['POST', 'context'])
    expect([
      response.status,
      response.statusText,
      response.headers.get('x-own'),
      await response.text(),
    ]).toEqual([201, 'Made', 'yes', 'said'])
  })

  it('answers what sessions refuse as a problem, and leaves other errors to Next', async () => {
    const chat = newChat()
    const missing = withProblems(chat, async () => Response.json(await (await chat.for()).get('nobody')))
    expect(await problem(await answered(missing))).toEqual([404, 'not_found'])
    const wrong = withProblems(chat, () => {
      throw new SessionError('conflict', 'changed')
    })
    expect(await problem(await answered(wrong))).toEqual([409, 'conflict'])
    for (const error of [
      new TypeError('theirs'),
      'a text',
      Object.assign(new Error('x'), { digest: 'NEXT_X' }),
    ]) {
      const handler = withProblems(chat, () => {
        throw error
      })
      await expect(answered(handler)).rejects.toBe(error)
    }
    await expect(answered(withProblems(chat, () => redirect('/elsewhere')))).rejects.toThrow('NEXT_REDIRECT')
  })

  it('answers privately what it shows of a caller’s sessions', async () => {
    const chat = newChat()
    const handler = withProblems(chat, async () => {
      await chat.for()
      return Response.json((await (await chat.for()).list()).items)
    })
    const { response } = await answered(handler)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('vary')).toBe('Cookie')
  })

  it('is answered by Next’s own statuses, and by no others', async () => {
    const chat = newChat()
    for (const [status, interrupt] of [
      [401, unauthorized],
      [403, forbidden],
      [404, notFound],
    ] as const) {
      const { response } = await answered(withProblems(chat, () => interrupt()))
      expect([response.status, await response.text()]).toEqual([status, ''])
    }
    for (const digest of [
      'NEXT_HTTP_ERROR_FALLBACK;418',
      'NEXT_HTTP_ERROR_FALLBACK;4040',
      'x NEXT_HTTP_ERROR_FALLBACK;404',
    ]) {
      const error = Object.assign(new Error('odd'), { digest })
      const handler = withProblems(chat, () => Promise.reject(error))
      await expect(answered(handler), digest).rejects.toBe(error)
    }
    const ours = Object.assign(new SessionError('conflict', 'x'), { digest: 'NEXT_HTTP_ERROR_FALLBACK;404' })
    expect(await problem(await answered(withProblems(chat, () => Promise.reject(ours))))).toEqual([
      409,
      'conflict',
    ])
  })

  it('refuses an unsafe request of another site, before anything is opened', async () => {
    let opened = 0
    const open = () => (opened++, createSessions())
    const handler = withProblems(newChat({ open }), () => new Response('done'))
    const from = (site: string, method = 'POST') => answered(handler, { method, headers: { origin: site } })
    expect(await problem(await from('https://evil.example'))).toEqual([403, 'csrf'])
    expect(opened).toBe(0)
    expect([(await from(origin)).status, (await from('https://evil.example', 'GET')).status]).toEqual([
      200, 200,
    ])
  })

  it('answers as a problem where its sessions cannot be opened, and where there is no request to write in', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const away = new SessionError('unavailable', 'away')
    const closed = withProblems(newChat({ open: () => Promise.reject(away) }), () => new Response())
    expect(await problem(await answered(closed))).toEqual([503, 'unavailable'])
    const late = withProblems(newChat(), () => new Response())
    const refused = inRequest(url, { headers: page }, async ({ request, moveTo }) => {
      moveTo('render')
      return problem({ response: await late(request, undefined) })
    })
    expect((await refused)[1]).toBe('headers_sent')
  })
})

describe('a handler with a session', () => {
  const say = (chat: ReturnType<typeof newChat>, make: () => Response = () => new Response('said')) =>
    withSession(chat, async (_, session) => {
      await session.append({ role: 'user', content: 'Hi' })
      return make()
    })

  it('hands over a credential with its answer, also with one that went wrong, and its own headers stay', async () => {
    const chat = newChat({ header: true })
    const made = await answered(
      say(chat, () => new Response('said', { headers: { Vary: 'Accept', 'Cache-Control': 'private' } })),
    )
    expect(made.set).toHaveLength(1)
    expect(made.response.headers.get('vary')).toMatch(/^Accept, .*Cookie/)
    expect(made.response.headers.get('cache-control')).toBe('private')
    expect(made.response.headers.get('x-session-id')).not.toBeNull()
    expect(await made.response.text()).toBe('said')
    const failing = withSession(chat, async (_, session) => {
      await session.append({ role: 'user', content: 'Hi' })
      throw new SessionError('conflict', 'changed')
    })
    const failed = await answered(failing)
    expect([failed.status, failed.set.length, failed.response.headers.has('x-session-id')]).toEqual([
      409,
      1,
      true,
    ])
    const plain = await answered(say(newChat()))
    expect(plain.response.headers.get('cache-control')).toContain('no-store')
    const moved = await answered(say(chat, () => Response.redirect(`${origin}/next`, 302)))
    expect([moved.status, moved.response.headers.get('location'), moved.set.length]).toEqual([
      302,
      `${origin}/next`,
      1,
    ])
  })

  it('shows no script of a page of its own a credential', async () => {
    for (const site of ['same-origin', 'none']) {
      const headers = { 'sec-fetch-site': site }
      const { response, set } = await answered(say(newChat({ header: true })), { headers })
      expect([set.length, response.headers.has('x-session-id')], site).toEqual([1, false])
    }
  })

  it('hands over the last of the sessions that it has begun, in the header too', async () => {
    const chat = newChat({ header: true })
    const handler = withSession(chat, async (_, session) => {
      await session.append({ role: 'user', content: 'Hi' })
      const next = await newSession(chat)
      await next.append({ role: 'user', content: 'Hi again' })
      return new Response(await next.credential())
    })
    const { response, set } = await answered(handler)
    const credential = await response.text()
    expect(response.headers.get('x-session-id')).toBe(credential)
    expect(set).toEqual([expect.stringContaining(`=${credential};`)])
  })

  it('begins a session of nobody else once its caller has signed out', async () => {
    const sessions = createSessions()
    let userId: string | undefined = 'alice'
    const chat = newChat({ open: () => sessions, identify: () => ({ tenantId: 'acme', userId }) })
    const handler = withSession(chat, async () => {
      userId = undefined
      await forgetSession(chat)
      const next = await newSession(chat)
      await next.store()
      return Response.json(next.record.userId ?? null)
    })
    const { response, set } = await answered(handler)
    expect(await response.json()).toBeNull()
    expect(set).toEqual([expect.not.stringMatching(/=;|Max-Age=0|1970/)])
  })

  it('tells who asks who is asking of no cookie that was removed, and of all others', async () => {
    const told: unknown[] = []
    const chat = newChat({
      identify: ({ cookies: jar }: NextSessionsRequest) => {
        told.push([
          jar.get('login')?.value,
          jar.has('login'),
          jar.getAll('login').length,
          jar.get('a')?.value,
          jar.has('a'),
        ])
        jar.set('seen', 'yes')
        return { tenantId: 'acme', userId: jar.get('login')?.value }
      },
    })
    const handler = withSession(chat, async (_, session) => {
      const jar = await cookies()
      jar.delete('login')
      await forgetSession(chat)
      const next = await newSession(chat)
      return Response.json([session.identity.userId, next.identity.userId ?? null])
    })
    const { response, set } = await answered(handler, { headers: { cookie: 'login=alice; a=b' } })
    expect(await response.json()).toEqual(['alice', null])
    expect(told[0]).toEqual(['alice', true, 1, 'b', true])
    expect(told[1]).toEqual([undefined, false, 0, 'b', true])
    expect(set).toContainEqual(expect.stringContaining('seen=yes'))
  })

  it('names one new guest to the caller, however many services it asks', async () => {
    const visitors = guests({ secrets: ['a secret that only these tests may know'] })
    const [one, two] = [newChat({ guests: visitors }), newChat({ guests: visitors })]
    const handler = withSession(one, (request, first) => {
      const inner = withSession(two, async (_, second) => {
        await first.store()
        await second.store()
        return Response.json(first.record.userId === second.record.userId)
      })
      return inner(request, undefined)
    })
    const { response, set } = await answered(handler)
    expect(await response.json()).toBe(true)
    expect(set.filter((cookie) => /guest=/.test(cookie))).toHaveLength(1)
  })

  it('refuses guests and sessions in one cookie', async () => {
    const visitors = guests({ secrets: ['a secret that only these tests may know'] })
    const chat = newChat({ guests: visitors, cookie: { name: 'guest' } })
    expect(await problem(await answered(say(chat)))).toEqual([400, 'invalid'])
  })

  it('gives what is no usable response to Next as it is', async () => {
    const chat = newChat()
    const error = Response.error()
    expect((await answered(say(chat, () => error))).response).toBe(error)
    const handler = withSession(chat, () => undefined as never)
    await inRequest(url, { headers: page }, async ({ request }) => {
      expect(await handler(request, undefined)).toBeUndefined()
    })
  })

  it('ends what it may hand over with its answer, and not for a handler within it', async () => {
    const chat = newChat()
    let late: Promise<unknown> = Promise.resolve()
    let inner: string[] = []
    const handler = withSession(chat, async (request, session) => {
      const within = withSession(chat, (_, same) => {
        inner = [same.id, session.id]
        return new Response()
      })
      await within(request, undefined)
      late = (async () => {
        await new Promise((resolve) => void setImmediate(resolve))
        await session.append({ role: 'user', content: 'late' })
      })()
      late.catch(() => {})
      return new Response('done')
    })
    const { set } = await answered(handler)
    expect(inner[0]).toBe(inner[1])
    await expect(late).rejects.toMatchObject({ code: 'headers_sent' })
    expect(set).toEqual([])
  })

  it('is of the id of a parameter, or refused', async () => {
    const sessions = createSessions()
    const chat = newChat({ open: () => sessions, identify: () => ({ tenantId: 'acme', userId: 'alice' }) })
    const { id } = await sessions.for({ tenantId: 'acme', userId: 'alice' }).create()
    const handler = withSession(chat, (_, session) => new Response(session.id), { param: 'id' })
    const of = (params: unknown) => answered(handler, {}, { params: Promise.resolve(params) })
    expect(await (await of({ id })).response.text()).toBe(id)
    expect(await problem(await of({ id: 'nobody' }))).toEqual([404, 'not_found'])
    expect(await problem(await of({ other: id }))).toEqual([400, 'invalid'])
  })
})

describe('the routes of an API', () => {
  const newApi = () =>
    createSessionApi({ sessions: createSessions(), identify, respond: () => 'fine', basePath: '/route' })

  it('are one handler for every method, with an API that is made once, and again when that failed', async () => {
    let made = 0
    const handlers = toRouteHandlers(() => {
      if (++made === 1) throw new SessionError('unavailable', 'away')
      return newApi()
    })
    expect(Object.keys(handlers)).toEqual(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
    const get = () => answered(handlers.GET, {})
    vi.spyOn(console, 'error').mockImplementation(() => {})
    expect(await problem(await get())).toEqual([503, 'unavailable'])
    await Promise.all([get(), get()])
    expect(made).toBe(2)
    await expect(
      answered(toRouteHandlers(() => Promise.reject(new TypeError('theirs'))).GET),
    ).rejects.toThrow('theirs')
  })

  it('answer as the address that the client used, with its body, and Next waits for what goes on', async () => {
    const seen: Request[] = []
    const contexts: { waitUntil: (task: Promise<unknown>) => void; mountPath: string }[] = []
    const api = newApi()
    const handle: typeof api.handle = async (request, context) => {
      seen.push(request)
      contexts.push(context as never)
      context?.waitUntil?.(Promise.resolve())
      return new Response(await request.text())
    }
    const handlers = toRouteHandlers({ ...api, handle })
    const of = async (address: string, headers: Record<string, string>) => {
      await inRequest(address, { method: 'POST', body: 'text', headers }, async ({ request, waited }) => {
        const response = await handlers.POST(request)
        expect([await response.text(), waited.length]).toEqual(['text', 1])
      })
      return [seen.at(-1)!.url, seen.at(-1)!.method]
    }
    expect(await of('http://inner:3000/route?a=1', { host: 'shop.example' })).toEqual([
      'http://shop.example/route?a=1',
      'POST',
    ])
    expect((await of(url, { host: 'shop.example:8080' }))[0]).toBe('http://shop.example:8080/route')
    expect((await of(url, {}))[0]).toBe(url)
    const forwarded = async (proto: string) =>
      (await of(url, { host: 'shop.example', 'x-forwarded-proto': proto }))[0]
    expect(await forwarded(' https, http')).toBe('https://shop.example/route')
    expect(await forwarded('http, https')).toBe('http://shop.example/route')
    expect(await forwarded('ftp')).toBe('http://shop.example/route')
    expect(new Set(contexts.map(({ mountPath }) => mountPath))).toEqual(new Set(['']))
    expect(seen[0]!.headers.get('host')).toBe('shop.example')
  })

  it('end when the client does', async () => {
    const over = new AbortController()
    const api = newApi()
    const handlers = toRouteHandlers({
      ...api,
      handle: async ({ signal }) => {
        over.abort()
        return new Response(String(signal.aborted))
      },
    })
    const { response } = await answered(handlers.GET, { signal: over.signal })
    expect(await response.text()).toBe('true')
  })
})

it('cookies of one request are those that the handler has set', async () => {
  const handler = withProblems(newChat(), async () => {
    const jar = await cookies()
    jar.set('theme', 'dark')
    return new Response()
  })
  expect((await answered(handler)).set).toEqual([expect.stringContaining('theme=dark')])
})
