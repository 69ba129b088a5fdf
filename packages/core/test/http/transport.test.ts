import { afterEach, describe, expect, it, vi } from 'vitest'
import { createTransport } from '../../src/http/transport.js'

const dayMs = 86_400_000
const none = { cookie: undefined, sessionId: undefined, isSecure: true }
const both = { header: true }

afterEach(() => vi.unstubAllEnvs())

describe('read', () => {
  it.each([
    ['nothing', none, both, undefined],
    ['a cookie over TLS', { ...none, cookie: 'a=1; __Host-sessions=c; b=2' }, {}, 'c'],
    ['a cookie over plain HTTP', { ...none, cookie: 'sessions=c', isSecure: false }, {}, 'c'],
    ['the plain cookie over TLS', { ...none, cookie: 'sessions=c' }, {}, undefined],
    ['another cookie', { ...none, cookie: 'x__Host-sessions=c; __Host-sessionsx=d' }, {}, undefined],
    ['the same cookie twice', { ...none, cookie: '__Host-sessions=c; __Host-sessions=c' }, {}, 'c'],
    ['two cookies that differ', { ...none, cookie: '__Host-sessions=c; __Host-sessions=d' }, {}, undefined],
    ['an empty cookie', { ...none, cookie: '__Host-sessions=' }, {}, undefined],
    ['a header', { ...none, sessionId: ' c ' }, both, 'c'],
    ['a header where none is taken', { ...none, sessionId: 'c' }, {}, undefined],
    [
      'a cookie where none is taken',
      { ...none, cookie: '__Host-sessions=c' },
      { cookie: false, header: true },
      undefined,
    ],
    ['both alike', { ...none, cookie: '__Host-sessions=c', sessionId: 'c' }, both, 'c'],
    ['both, but different', { ...none, cookie: '__Host-sessions=c', sessionId: 'd' }, both, undefined],
    ['a huge header', { ...none, sessionId: 'x'.repeat(1_000_000) }, both, undefined],
  ] as const)('%s', (_, fields, options, expected) => {
    expect(createTransport(options, dayMs).read(fields)).toBe(expected)
  })
})

describe('write', () => {
  it('sets a __Host- cookie that scripts and other sites cannot use', () => {
    expect(createTransport({}, dayMs).write(none, 'c')).toEqual([
      ['Set-Cookie', '__Host-sessions=c; Max-Age=86400; Path=/; HttpOnly; Secure; SameSite=Lax'],
    ])
  })

  it('sets a plain one over plain HTTP, but not in production', () => {
    const fields = { ...none, isSecure: false }
    const development = createTransport(
      { cookie: { name: 'chat', sameSite: 'strict' } },
      Number.POSITIVE_INFINITY,
    )
    expect(development.write(fields, 'c')).toEqual([
      ['Set-Cookie', `chat=c; Max-Age=${400 * 86_400}; Path=/; HttpOnly; SameSite=Strict`],
    ])
    vi.stubEnv('NODE_ENV', 'production')
    const production = createTransport({}, dayMs)
    expect(production.refusal(fields)).toMatchObject({ code: 'insecure_transport' })
    expect(createTransport({ header: true }, dayMs).refusal(fields)).toBeUndefined()
    expect(production.write(fields, 'c')).toEqual([])
    expect(createTransport({ cookie: { secure: false } }, dayMs).write(fields, 'c')).toHaveLength(1)
    vi.unstubAllEnvs()
    expect(createTransport({ cookie: { secure: true } }, dayMs).refusal(fields)).toMatchObject({
      code: 'insecure_transport',
    })
  })

  it('takes a cookie away with the attributes it was set with', () => {
    expect(createTransport({}, dayMs).write(none, undefined)).toEqual([
      ['Set-Cookie', '__Host-sessions=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax'],
    ])
  })

  it('sets a cookie for iframes of other sites, partitioned where that is wanted, which browsers take', () => {
    const framed = { cookie: { sameSite: 'none', partitioned: true } } as const
    const attributes = 'Path=/; HttpOnly; Secure; SameSite=None; Partitioned'
    for (const [credential, said] of [
      ['c', 'c; Max-Age=86400'],
      [undefined, '; Max-Age=0'],
    ] as const) {
      expect(createTransport(framed, dayMs).write(none, credential)).toEqual([
        ['Set-Cookie', `__Host-sessions=${said}; ${attributes}`],
      ])
    }
    const plain = { ...none, isSecure: false }
    for (const options of [framed, { cookie: { sameSite: 'none' } }] as const) {
      expect(createTransport(options, dayMs).write(plain, 'c')).toEqual([
        ['Set-Cookie', 'sessions=c; Max-Age=86400; Path=/; HttpOnly; SameSite=Lax'],
      ])
    }
  })

  it.each([
    [{ partitioned: true }, 'cookie.partitioned'],
    [{ partitioned: true, sameSite: 'lax' }, 'cookie.partitioned'],
    [{ partitioned: true, sameSite: 'strict', secure: true }, 'cookie.partitioned'],
    [{ partitioned: true, sameSite: 'none', secure: false }, 'cookie.secure'],
  ] as const)('refuses a partitioned cookie that browsers would drop: %j', (cookie, path) => {
    expect(() => createTransport({ cookie }, dayMs)).toThrow(
      expect.objectContaining({ code: 'invalid', path }),
    )
  })

  it('gives a page of another site no cookie, and nothing where there is no other way', () => {
    const fields = { ...none, isOfAnotherSite: true }
    expect(createTransport({}, dayMs).write(fields, 'c')).toEqual([])
    expect(createTransport({}, dayMs).refusal(fields)).toMatchObject({ code: 'forbidden' })
    expect(createTransport({ header: true }, dayMs).write(fields, 'c')).toEqual([['X-Session-Id', 'c']])
    expect(createTransport({ header: true }, dayMs).refusal(fields)).toBeUndefined()
  })

  it.each([
    ['same-origin', undefined, true, ['Set-Cookie']],
    ['none', undefined, true, ['Set-Cookie']],
    ['cross-site', undefined, true, ['Set-Cookie', 'X-Session-Id']],
    [undefined, undefined, true, ['Set-Cookie', 'X-Session-Id']],
    ['same-origin', 'held', true, ['Set-Cookie', 'X-Session-Id']],
    ['same-origin', undefined, false, ['X-Session-Id']],
  ] as const)(
    'shows scripts of a page no credential that its cookie carries: %s, %s',
    (fetchSite, sessionId, cookie, names) => {
      const transport = createTransport({ header: true, ...(cookie ? {} : { cookie }) }, dayMs)
      const written = transport.write({ ...none, fetchSite, sessionId }, 'c')
      expect(written.map(([name]) => name)).toEqual(names)
    },
  )

  it('uses the header where it is on', () => {
    expect(createTransport({ cookie: false, header: true }, dayMs).write(none, 'c')).toEqual([
      ['X-Session-Id', 'c'],
    ])
  })
})

it.each([
  [{ cookie: false as const }, 'cookie'],
  [{ cookie: { name: 'a b' } }, 'cookie.name'],
  [{ cookie: { sameSite: 'none' as const, secure: false } }, 'cookie.secure'],
])('refuses %j at the start', (options, path) => {
  expect(() => createTransport(options, dayMs)).toThrow(expect.objectContaining({ code: 'invalid', path }))
})
