// Before Next's own modules, as Next itself does it.
import 'next/dist/server/node-environment-baseline.js'
import { createSessions } from '@sessions/core'
import { NextRequest } from 'next/server.js'
import { describe, expect, it } from 'vitest'
import { nextSessions, type RequestCookies } from '../src/index.js'
import { checkPage } from '../src/check-page.js'
import { hostOf, transportFieldsOf } from '../src/request-parts.js'

describe('the credential of a request', () => {
  /** What is read of a request, after some of its cookies were set anew. */
  function fieldsOf(headers: Record<string, string>, set: Record<string, string> = {}) {
    const request = new NextRequest('http://shop.example', { headers })
    const jar = new NextRequest('http://shop.example', { headers }).cookies
    for (const [name, value] of Object.entries(set)) jar.set(name, value)
    return transportFieldsOf(request.headers, jar as unknown as RequestCookies)
  }

  it('is in the cookies of now', () => {
    expect(fieldsOf({}).cookie).toBeUndefined()
    expect(fieldsOf({ cookie: 'theme=dark; sessions=a.b' }).cookie).toBe('theme=dark; sessions=a.b')
    expect(fieldsOf({ cookie: 'theme=dark; sessions=old' }, { sessions: 'new' }).cookie).toBe(
      'theme=dark; sessions=new',
    )
    expect(fieldsOf({}, { sessions: 'new' }).cookie).toBe('sessions=new')
  })

  it('is none when its cookie was sent twice, so that nobody plants another one', async () => {
    const chat = nextSessions({ open: () => createSessions(), identify: () => ({ tenantId: 'acme' }) })
    const transport = await chat.transport()
    for (const cookie of [
      'sessions=a; sessions=b',
      'sessions=b;sessions=a',
      'sessions=a; x=y; sessions=b; sessions=a',
      'sessions=a; sessions=%62',
      'sessions=%62; sessions=a',
      'sessions=%62; sessions=%63',
      'sessions=a; sessions=%',
      'sessions=%; sessions=a',
    ])
      expect(transport.read(fieldsOf({ cookie })), cookie).toBeUndefined()
    for (const cookie of ['sessions=a; sessions=a', 'sessions=a; sessions=%61', 'sessions=%61; sessions=a'])
      expect(transport.read(fieldsOf({ cookie })), cookie).toBe('a')
    expect(transport.read(fieldsOf({ cookie: 'x=1; x=2; sessions=a' }))).toBe('a')
  })

  it('is not lost to a cookie whose name begins with another space', async () => {
    const chat = nextSessions({ open: () => createSessions(), identify: () => ({ tenantId: 'acme' }) })
    const transport = await chat.transport()
    expect(transport.read(fieldsOf({ cookie: '\u00a0sessions=b' }))).toBeUndefined()
    for (const cookie of ['\u00a0sessions=b; sessions=a', '\tsessions=a;\u00a0sessions=b'])
      expect(transport.read(fieldsOf({ cookie })), cookie).toBe('a')
  })

  it('is none that stands within another cookie', async () => {
    const chat = nextSessions({ open: () => createSessions(), identify: () => ({ tenantId: 'acme' }) })
    const transport = await chat.transport()
    const planted = `search=${encodeURIComponent('shoes; sessions=planted')}`
    expect(transport.read(fieldsOf({ cookie: planted }))).toBeUndefined()
    expect(transport.read(fieldsOf({ cookie: `${planted}; sessions=a.b` }))).toBe('a.b')
    expect(transport.read(fieldsOf({ cookie: 'sessions=a.b' }, { search: 'x; sessions=planted' }))).toBe(
      'a.b',
    )
  })

  it('came over TLS, or in a header, by what the first proxy saw', () => {
    const { isSecure, sessionId } = fieldsOf({ 'x-forwarded-proto': ' https , http', 'x-session-id': 'a.b' })
    expect([isSecure, sessionId]).toEqual([true, 'a.b'])
    expect(fieldsOf({ 'x-forwarded-proto': 'http, https' })).toMatchObject({ isSecure: false })
    expect(fieldsOf({})).toEqual({ cookie: undefined, sessionId: undefined, isSecure: false })
  })
})

it('the host of a request is that of the first proxy, or its own', () => {
  const host = (headers: Record<string, string>) => hostOf(new Headers(headers))
  expect(host({ 'x-forwarded-host': ' shop.example , inner', host: 'inner' })).toBe('shop.example')
  expect([host({ host: 'shop.example' }), host({})]).toEqual(['shop.example', ''])
})

it('a page may act for its visitors where its origin is known, or its credential is in a header', () => {
  const may = (options: object, headers: Record<string, string>, method = 'POST') => {
    const chat = nextSessions({
      open: () => createSessions(),
      identify: () => ({ tenantId: 'acme' }),
      ...options,
    })
    try {
      checkPage(chat, { method, headers: new Headers({ host: 'shop.example', cookie: 'a=b', ...headers }) })
      return true
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  const other = { origin: 'https://other.example' }
  expect([may({}, { origin: 'https://shop.example' }), may({}, other), may({}, {})]).toEqual([
    true,
    'csrf',
    'csrf',
  ])
  expect(may({}, other, 'GET')).toBe(true)
  expect(may({ trustedOrigins: [other.origin] }, other)).toBe(true)
  const header = { ...other, 'x-session-id': 'a.b' }
  expect([may({}, header), may({ header: true }, header), may({ header: true }, other)]).toEqual([
    'csrf',
    true,
    'csrf',
  ])
})
