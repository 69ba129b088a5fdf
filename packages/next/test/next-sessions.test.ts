// Before Next's own modules, as Next itself does it.
import 'next/dist/server/node-environment-baseline.js'
import { createSessions, SessionError } from '@sessions/core'
import { workAsyncStorage } from 'next/dist/server/app-render/work-async-storage.external.js'
import { workUnitAsyncStorage } from 'next/dist/server/app-render/work-unit-async-storage.external.js'
import { NextRequest } from 'next/server.js'
import { afterEach, expect, it, vi } from 'vitest'
import {
  bindSession,
  forgetSession,
  getSession,
  getWritableSession,
  newSession,
  nextSessions,
  sessionAction,
  sessionCacheTag,
  toRouteHandlers,
  withProblems,
  withSession,
} from '../src/index.js'
import { problemResponse } from '../src/problem-response.js'
import { withStatus } from '../src/with-status.js'

afterEach(() => vi.restoreAllMocks())

const identify = () => ({ tenantId: 'acme' })
const open = () => createSessions()

it('opens its sessions once for a name, and again when that failed', async () => {
  let opened = 0
  const opening = () => {
    opened++
    if (opened === 1) throw new Error('away')
    return createSessions()
  }
  const chat = nextSessions({ name: 'once', open: opening, identify })
  await expect(chat.sessions()).rejects.toThrow('away')
  const [one, two] = await Promise.all([chat.sessions(), chat.sessions()])
  // As another bundle of the same process has it.
  const again = nextSessions({ name: 'once', open: opening, identify })
  expect([one === two, one === (await again.sessions()), opened]).toEqual([true, true, 2])
  const other = nextSessions({ name: 'other', open, identify })
  expect((await other.sessions()) === one).toBe(false)
  expect([chat.name, nextSessions({ open, identify }).name]).toEqual(['once', 'default'])
})

it('has cookies of its own for each name, as its options say', async () => {
  const write = async (options: Partial<Parameters<typeof nextSessions>[0]>) => {
    const chat = nextSessions({ open, identify, ...options })
    const transport = await chat.transport()
    expect(await chat.transport()).toBe(transport)
    return transport
      .write({ cookie: undefined, sessionId: undefined, isSecure: true }, 'abc')
      .map(([name, value]) => [name, value.split('=')[0]])
  }
  expect(await write({})).toEqual([['Set-Cookie', '__Host-sessions']])
  expect(await write({ name: 'support' })).toEqual([['Set-Cookie', '__Host-sessions-support']])
  expect(await write({ name: 'support', cookie: false, header: true })).toEqual([['X-Session-Id', 'abc']])
})

it('refuses wrong options', () => {
  for (const [path, options] of [
    ['opens', { opens: open, identify }],
    ['guests', { open, identify, guests: true }],
  ] as const)
    expect(() => nextSessions(options as never)).toThrow(
      expect.objectContaining({ code: 'invalid', path }) as Error,
    )
  const chat = nextSessions({ open, identify })
  for (const options of [{ parameter: 'id' }, { param: 5 }])
    expect(() => withSession(chat, () => new Response(), options as never)).toThrow(
      expect.objectContaining({ code: 'invalid', path: Object.keys(options)[0] }) as Error,
    )
})

it('says what is wrong where there is no request, or one answer for all', async () => {
  const chat = nextSessions({ open, identify })
  const nobody = {
    code: 'invalid',
    message: 'There is no request, and so no caller: use sessions.for(identity) of the service.',
  }
  for (const call of [getSession, getWritableSession, newSession, bindSession, forgetSession])
    await expect(call(chat)).rejects.toMatchObject(nobody)
  await expect(chat.for()).rejects.toMatchObject(nobody)
  for (const type of ['cache', 'unstable-cache'])
    await workUnitAsyncStorage.run({ type, phase: 'render' } as never, () =>
      expect(getSession(chat)).rejects.toMatchObject({
        code: 'invalid',
        message: expect.stringMatching(
          /^A session cannot be read inside 'use cache'.*sessionCacheTag\(session\)\.$/,
        ),
      }),
    )
})

it('is refused in what is made once for every caller, before a service is opened', async () => {
  const opening = vi.fn(open)
  const chat = nextSessions({ name: 'static', open: opening, identify })
  const handle = vi.fn(() => new Response())
  const { GET, POST } = toRouteHandlers(opening as never)
  const request = new NextRequest('http://shop.example/page')
  for (const call of [
    () => getSession(chat),
    () => chat.for(),
    () => getWritableSession(chat),
    () => withSession(chat, handle)(request, {}),
    () => withProblems(chat, handle)(request, {}),
    () => GET(request),
    () => POST(request),
  ])
    for (const type of ['request', 'prerender', 'prerender-legacy'])
      await workAsyncStorage.run({ route: '/page', forceStatic: true } as never, () =>
        workUnitAsyncStorage.run({ type, phase: 'action', headers: new Headers() } as never, () =>
          expect(call()).rejects.toMatchObject({
            code: 'invalid',
            message:
              "A session cannot be used under dynamic = 'force-static' [/page], because every caller gets the same result: remove it there and in the layouts above.",
          }),
        ),
      )
  expect([opening.mock.calls, handle.mock.calls]).toEqual([[], []])
})

it('says where a session is written to, and where no longer', async () => {
  const chat = nextSessions({ open, identify })
  const within = (phase: string, call: () => Promise<unknown>) =>
    workUnitAsyncStorage.run({ type: 'request', phase } as never, () =>
      call().then(
        () => undefined,
        (error: SessionError) => [error.code, error.message],
      ),
    )
  for (const call of [getWritableSession, newSession, bindSession, forgetSession]) {
    expect(await within('render', async () => call(chat))).toEqual([
      'headers_sent',
      'A server component only reads: change sessions in a server action or in a route handler.',
    ])
    expect(await within('after', async () => call(chat))).toEqual([
      'headers_sent',
      'The response has been sent: get the session before after(), and use it there.',
    ])
  }
  for (const call of [newSession, bindSession, forgetSession])
    expect(await within('action', async () => call(chat))).toEqual([
      'headers_sent',
      'A credential can only be handed over in sessionAction() and withSession(), where the response has not begun.',
    ])
  expect(typeof sessionAction(chat, () => {})).toBe('function')
})

it('answers errors of sessions as problems, and logs those of the server', async () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
  const answer = (code: 'not_found' | 'unavailable' | 'store_failed') =>
    problemResponse(new SessionError(code, 'Said.', { cause: new Error('secret') }))!
  const missing = answer('not_found')
  expect([missing.status, await missing.json()]).toMatchObject([404, { code: 'not_found', detail: 'Said.' }])
  expect(logged.mock.calls).toEqual([])
  expect([answer('store_failed').status, answer('unavailable').status]).toEqual([500, 503])
  const shown = '(its cause, Error, is not shown)'
  expect(logged.mock.calls).toEqual([
    ['[sessions]', `store_failed: Said. ${shown}`],
    ['[sessions]', `unavailable: Said. ${shown}`],
  ])
  expect(problemResponse(new TypeError('theirs'))).toBeUndefined()
})

it('gives Next the statuses that it has pages for, and no others', () => {
  const digestOf = (code: 'unauthenticated' | 'forbidden' | 'not_found' | 'conflict') =>
    (withStatus(new SessionError(code, 'Said.')) as { digest?: string }).digest
  expect([
    digestOf('unauthenticated'),
    digestOf('forbidden'),
    digestOf('not_found'),
    digestOf('conflict'),
  ]).toEqual([
    'NEXT_HTTP_ERROR_FALLBACK;401',
    'NEXT_HTTP_ERROR_FALLBACK;403',
    'NEXT_HTTP_ERROR_FALLBACK;404',
    undefined,
  ])
})

it('tags a cache by a name that tells nothing of the session', async () => {
  const mine = createSessions().for({ tenantId: 'acme', userId: 'alice' })
  const [one, two] = [await mine.create({ id: 'support-123' }), await mine.create()]
  const tag = await sessionCacheTag(one)
  expect(tag).toBe(`session:${await one.pseudonym('cache-tag')}`)
  expect(tag).not.toContain('support-123')
  expect(await sessionCacheTag(two)).not.toBe(tag)
})
