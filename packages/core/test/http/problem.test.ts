import { describe, expect, it } from 'vitest'
import { SessionError, sessionErrorCodes } from '../../src/errors.js'
import { toProblem, toProblemResponse } from '../../src/http/problem.js'

describe('toProblem', () => {
  it.each(sessionErrorCodes)('answers %s with a status, a type and a title of its own', (code) => {
    const problem = toProblem(new SessionError(code, 'a sentence', { path: 'a.b' }))
    expect(problem).toMatchObject({ code, type: `urn:sessions:problem:${code}`, path: 'a.b' })
    expect(problem.status).toBeGreaterThanOrEqual(400)
    expect(problem.title).not.toBe('')
  })

  it('shows nothing of what went wrong inside', () => {
    const secret = 'postgres://user:password@db'
    const errors = [
      new Error(secret),
      secret,
      undefined,
      new SessionError('store_failed', secret, { cause: new Error(secret) }),
      new SessionError('unavailable', secret),
      new SessionError('corrupt', secret),
      new SessionError('invalid', 'bad', { cause: new Error(secret) }),
    ]
    for (const error of errors) expect(JSON.stringify(toProblem(error))).not.toContain('password')
  })

  it('says when to try again', () => {
    expect(toProblem(new SessionError('unavailable', 'x')).retryAfterMs).toBe(1000)
    expect(toProblem(new SessionError('limit_reached', 'x', { retryAfterMs: 50 })).retryAfterMs).toBe(50)
  })

  it('knows errors of another copy of the package, and does not know codes of a later one', () => {
    const foreign = (symbol: string, code: string): Error =>
      Object.assign(new Error('a sentence'), { [Symbol.for(symbol)]: true, code })
    expect(toProblem(foreign('@sessions/error', 'conflict'))).toMatchObject({
      status: 409,
      detail: 'a sentence',
    })
    expect(toProblem(foreign('@sessions/request-error', 'csrf'))).toMatchObject({ status: 403 })
    for (const code of ['code_of_tomorrow', 'toString']) {
      expect(toProblem(foreign('@sessions/error', code))).toMatchObject({ code: 'internal', status: 500 })
    }
  })

  it('goes out under its type, kept by no cache, with when to try again', async () => {
    const wait = toProblem(new SessionError('limit_reached', 'x', { retryAfterMs: 1500 }))
    const response = toProblemResponse(wait, { Allow: 'GET' })
    expect(response.status).toBe(429)
    expect(Object.fromEntries(response.headers)).toEqual({
      allow: 'GET',
      'cache-control': 'no-store',
      'content-type': 'application/problem+json',
      'retry-after': '2',
    })
    expect(await response.json()).toEqual(wait)
    const conflict = toProblemResponse(toProblem(new SessionError('conflict', 'x')))
    expect(conflict.headers.get('retry-after')).toBeNull()
  })
})
