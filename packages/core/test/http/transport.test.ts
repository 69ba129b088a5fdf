import { afterEach, describe, expect, it, vi } from 'vitest'
import { cookieValues, setCookie } from '../../src/http/cookies.js'
import {
  createTransport,
  mustCarry,
  toNamedTransport,
  type TransportOptions,
} from '../../src/http/transport.js'

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
    ['an empty header', { ...none, cookie: '__Host-sessions=a', sessionId: ' ' }, { header: true }, 'a'],
    [
      'an empty cookie beside a header',
      { ...none, cookie: '__Host-sessions=', sessionId: 'a' },
      { header: true },
      'a',
    ],
    ['an empty cookie beside another', { ...none, cookie: '__Host-sessions=; __Host-sessions=a' }, {}, 'a'],
    ['a header', { ...none, sessionId: ' c ' }, both, 'c'],
    ['a header where none is taken', { ...none, sessionId: 'c' }, {}, undefined],
    [
      'a cookie where none is taken',
      { ...none, cookie: '__Host-sessions=c' },
      { cookie: false, header: true },
      undefined,
    ],
    [
      'a cookie of no name where none is taken',
      { ...none, cookie: '__Host-=c' },
      { cookie: false, ...both },
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

  it('shows scripts of a page none either where its cookie must not be set, and says why', () => {
    vi.stubEnv('NODE_ENV', 'production')
    const page = { ...none, isSecure: false, fetchSite: 'same-origin' }
    const transport = createTransport({ header: true }, dayMs)
    expect(transport.refusal(page)).toMatchObject({ code: 'insecure_transport' })
    expect(transport.write(page, 'c')).toEqual([])
    for (const fields of [
      { ...page, fetchSite: undefined },
      { ...page, sessionId: 'held' },
    ]) {
      expect(transport.refusal(fields)).toBeUndefined()
      expect(transport.write(fields, 'c')).toEqual([['X-Session-Id', 'c']])
    }
    vi.unstubAllEnvs()
  })

  it('uses the header where it is on', () => {
    expect(createTransport({ cookie: false, header: true }, dayMs).write(none, 'c')).toEqual([
      ['X-Session-Id', 'c'],
    ])
  })
})

it.each<[object, string]>([
  [{ cookie: false }, 'cookie'],
  [{ cookie: { name: 'a b' } }, 'cookie.name'],
  [{ cookie: { name: 'a;b' } }, 'cookie.name'],
  [{ cookie: { name: 'é' } }, 'cookie.name'],
  [{ cookie: { name: '' } }, 'cookie.name'],
  [{ cookie: { name: '__Host-chat' } }, 'cookie.name'],
  [{ cookie: { name: '__secure-chat' } }, 'cookie.name'],
  [{ cookie: { maxAgeMs: 0 } }, 'cookie.maxAgeMs'],
  [{ cookie: { maxAgeMs: 999 } }, 'cookie.maxAgeMs'],
  [{ cookie: { secure: 'always' } }, 'cookie.secure'],
  [{ cookie: { sameSite: 'none', secure: false } }, 'cookie.secure'],
  [{ cookie: { httpOnly: false } }, 'cookie.httpOnly'],
  [{ cookies: true }, 'cookies'],
])('refuses %j at the start', (options, path) => {
  const refused = expect.objectContaining({
    code: 'invalid',
    path,
    message: expect.stringContaining('cookie'),
  })
  expect(() => createTransport(options as TransportOptions, dayMs)).toThrow(refused)
})

it.each([
  [{}, ['Cookie']],
  [both, ['Cookie', 'X-Session-Id']],
  [{ ...both, cookie: false as const }, ['X-Session-Id']],
])('tells what an answer depends on: %j', (options, names) => {
  expect(createTransport(options, dayMs).varyBy).toEqual(names)
})

it('takes a value of 4,096 characters for a credential, and no longer one', () => {
  const read = (length: number) =>
    createTransport({}, dayMs).read({ ...none, cookie: `__Host-sessions=${'x'.repeat(length)}` })
  expect(read(4096)).toHaveLength(4096)
  expect(read(4097)).toBeUndefined()
})

it('has browsers keep a cookie for whole seconds, of its own or of the service', () => {
  const ageOf = (maxAgeMs: number | undefined, absoluteMs: number) =>
    createTransport({ cookie: maxAgeMs === undefined ? {} : { maxAgeMs } }, absoluteMs).write(
      none,
      'c',
    )[0]![1]
  expect(ageOf(1000, dayMs)).toContain('Max-Age=1;')
  expect(ageOf(1999, dayMs)).toContain('Max-Age=1;')
  expect(ageOf(undefined, 5000)).toContain('Max-Age=5;')
  expect(ageOf(500 * dayMs, dayMs)).toContain('Max-Age=34560000;')
})

it('says which cookie it sets', () => {
  const nameOf = (options: TransportOptions) => createTransport(options, dayMs).cookieName
  expect([nameOf({}), nameOf({ cookie: { name: 'chat' } })]).toEqual(['sessions', 'chat'])
  expect(nameOf({ cookie: false, header: true })).toBeUndefined()
})

it('takes no header away: a caller without a credential is told none', () => {
  expect(createTransport({ ...both, cookie: false }, dayMs).write(none, undefined)).toEqual([])
})

it('gives services of one application cookies of their own, unless they are named', () => {
  expect(toNamedTransport('shop', {})).toEqual({ cookie: { name: 'sessions-shop' } })
  expect(toNamedTransport('shop', { cookie: { secure: true }, header: true })).toEqual({
    cookie: { secure: true, name: 'sessions-shop' },
    header: true,
  })
  for (const cookie of [false, { name: 'mine' }] as const)
    expect(toNamedTransport('shop', { cookie })).toEqual({ cookie })
})

it('warns of a cookie that must not be set for want of TLS, and of nothing else', () => {
  const said: string[] = []
  const transport = createTransport({ cookie: { secure: true } }, dayMs)
  const carry = (fields: Partial<typeof none> & { isOfAnotherSite?: boolean }) =>
    mustCarry(transport, { ...none, ...fields }, ({ code, message }) => said.push(`${code}: ${message}`))
  carry({})
  expect(() => carry({ isOfAnotherSite: true })).toThrow(
    expect.objectContaining({ code: 'forbidden', message: expect.stringContaining('another site') }),
  )
  expect(said).toEqual([])
  expect(() => carry({ isSecure: false, isOfAnotherSite: true })).toThrow(
    expect.objectContaining({ code: 'insecure_transport' }),
  )
  expect(said).toEqual([expect.stringMatching(/^insecure_transport: .*trust proxy.*secure: false/)])
})

it('finds each value of a cookie by its whole name', () => {
  expect(cookieValues(undefined, 'a')).toEqual([])
  expect(cookieValues('a=1;a = 2 ; ba=3; ab=4; a; =5; a=x=y; A=6', 'a')).toEqual(['1', '2', 'x=y'])
})

it('takes no name of a cookie for another that a browser keeps apart', () => {
  const around = ['\u00a0', '\ufeff', '\u2000', '\u3000', '\u2028', '\u000b', '\u000c', '\r', '\n', '\u0085']
  for (const odd of around)
    expect(cookieValues(`${odd}a=1; a${odd}=2; a=3${odd}`, 'a'), JSON.stringify(odd)).toEqual([`3${odd}`])
  expect(cookieValues('\t a \t=\t 1 \t;  ;=; a= ', 'a')).toEqual(['1', ''])
})

it('writes a domain where there is one', () => {
  const attributes = { maxAge: 1, path: '/a', domain: 'example.com', secure: false, sameSite: 'lax' } as const
  expect(setCookie('n', 'v', attributes)).toBe(
    'n=v; Max-Age=1; Path=/a; Domain=example.com; HttpOnly; SameSite=Lax',
  )
})
