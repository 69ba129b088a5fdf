import { describe, expect, it } from 'vitest'
import { createSessionApi, type RateLimiter, type SessionApiOptions } from '../../src/http.js'
import { createSessions, type SessionWarning } from '../../src/index.js'

/** An API that asks this limiter, and what it warns of. */
function limitedBy(limiter: unknown, options: Partial<SessionApiOptions> = {}) {
  const warnings: SessionWarning[] = []
  const api = createSessionApi({
    sessions: createSessions({ onWarning: (warning) => warnings.push(warning) }),
    identify: () => ({ tenantId: 'acme', userId: 'alice' }),
    limiter: limiter as RateLimiter,
    onError: () => {},
    ...options,
  })
  const ask = async () => {
    const { status, headers } = await api.handle(new Request('https://api.test/sessions'))
    return [status, headers.get('ratelimit'), headers.get('retry-after')]
  }
  return { ask, warnings }
}

const giving = (said: unknown) => ({ consume: async () => said })
const refusing = (said: unknown) => ({ consume: async () => Promise.reject(said) })
const room = (remainingPoints: number, msBeforeNext: number) => ({ remainingPoints, msBeforeNext })

describe('a limiter', () => {
  it('that is several in one counts as that with the least room, and refuses when one of them does', async () => {
    // As RateLimiterUnion of rate-limiter-flexible answers: those that refuse alone, where any does.
    const both = giving({ address: room(5, 1000), user: room(2, 9000) })
    expect(await limitedBy(both).ask()).toEqual([200, '"default";r=2;t=9', null])
    const alike = giving({ address: room(2, 1000), user: room(2, 9000) })
    expect((await limitedBy(alike).ask())[1]).toBe('"default";r=2;t=9')
    const over = refusing({ user: room(0, 9000), away: new Error('away') })
    expect(await limitedBy(over).ask()).toEqual([429, '"default";r=0;t=9', '9'])
    const { ask, warnings } = limitedBy(refusing({ address: new Error('away') }))
    expect(await ask()).toEqual([200, null, null])
    expect(warnings.map(({ code }) => code)).toEqual(['limiter_failed'])
  })

  it.each([undefined, false, null, {}, { success: false, remaining: 0 }, { remainingPoints: 1 }, [], 'yes'])(
    'that gives %j has failed, and somebody is told',
    async (said) => {
      const open = limitedBy(giving(said))
      expect(await open.ask()).toEqual([200, null, null])
      expect(open.warnings).toMatchObject([
        { code: 'limiter_failed', message: expect.stringContaining('pass uncounted') as string },
      ])
      expect(String(open.warnings[0]!.cause)).toContain('remainingPoints and msBeforeNext')
      const closed = limitedBy(giving(said), { limiterFailure: 'closed' })
      expect((await closed.ask())[0]).toBe(503)
      expect(closed.warnings[0]!.message).toContain('are refused')
    },
  )

  it('that is away is told of once in a while, however many ask, and each of several is', async () => {
    const cause = new Error('away')
    const limit = (name: string) => ({ name, limiter: refusing(cause), key: () => 'all' })
    const { ask, warnings } = limitedBy(refusing(cause), { limits: [limit('address'), limit('user')] })
    for (let index = 0; index < 5; index++) expect((await ask())[0]).toBe(200)
    expect(warnings.map((warning) => [/"(.*)"/.exec(warning.message)![1], warning.cause])).toEqual([
      ['default', cause],
      ['address', cause],
      ['user', cause],
    ])
  })

  it.each([
    [room(0, Number.NaN), '"default";r=0;t=0', '1'],
    [room(-1, -5), '"default";r=0;t=0', '1'],
    [room(Number.NaN, Number.POSITIVE_INFINITY), '"default";r=0;t=9007199254741', '9007199254741'],
    [{ msBeforeNext: 1500.5 }, '"default";r=0;t=2', '2'],
  ])('that refuses with %j refuses, in headers that hold numbers', async (said, header, retryAfter) => {
    expect(await limitedBy(refusing(said)).ask()).toEqual([429, header, retryAfter])
  })

  it('counts as well where the limit is an object of a class', async () => {
    class OfAddress {
      get name() {
        return 'address'
      }
      get limiter() {
        return refusing(room(0, 9000))
      }
      key() {
        return 'all'
      }
    }
    expect(await limitedBy(undefined, { limits: [new OfAddress()] }).ask()).toEqual([
      429,
      '"address";r=0;t=9',
      '9',
    ])
  })

  it('that cannot be asked is refused at the start', () => {
    const limit = { name: 'user', limiter: {} as RateLimiter, key: () => 'all' }
    for (const [options, path] of [
      [{ limiter: {} }, 'limiter.consume'],
      [{ limiter: undefined, missLimiter: { removeTokens() {} } }, 'missLimiter.consume'],
      [{ limiter: undefined, limits: [limit] }, 'limits[0].limiter.consume'],
    ] as const)
      expect(() => limitedBy(undefined, options as object)).toThrow(
        expect.objectContaining({ code: 'invalid', path }) as Error,
      )
  })
})
