import { describe, expect, it } from 'vitest'
import { isSessionError, SessionError } from '../src/errors.js'

describe('SessionError', () => {
  it('is known by its code, also when another copy of the package made it', async () => {
    const error = new SessionError('not_found', 'gone')
    const copy: unknown = Object.assign(new Error('gone'), {
      [Symbol.for('@sessions/error')]: true,
      code: 'not_found',
    })
    expect(isSessionError(error, 'not_found')).toBe(true)
    expect(isSessionError(copy, 'not_found')).toBe(true)
    expect(isSessionError(error, 'conflict')).toBe(false)
    expect(isSessionError(new Error('not_found'))).toBe(false)
    expect(isSessionError(undefined)).toBe(false)
  })

  it('knows an error of another copy of the package by its class, and by no class that extends it', () => {
    class OwnError extends SessionError {
      override readonly name = 'OwnError'
    }
    const copy: unknown = Object.assign(new Error('gone'), {
      [Symbol.for('@sessions/error')]: true,
      code: 'not_found',
    })
    expect(copy instanceof SessionError).toBe(true)
    expect(copy instanceof OwnError).toBe(false)
    expect(new SessionError('not_found', 'gone') instanceof OwnError).toBe(false)
    const own: unknown = new OwnError('not_found', 'gone')
    expect(String(own)).toBe('OwnError: gone')
    expect([own instanceof OwnError, own instanceof SessionError, own instanceof Error]).toEqual([
      true,
      true,
      true,
    ])
    const others: unknown[] = [new Error('gone'), undefined, null, 'gone', { code: 'not_found' }]
    for (const other of others) expect(other instanceof SessionError).toBe(false)
  })

  it('keeps the error beneath it for logs', () => {
    const cause = new Error('ECONNREFUSED')
    expect(new SessionError('unavailable', 'no store', { cause }).cause).toBe(cause)
    expect('cause' in new SessionError('invalid', 'bad')).toBe(false)
  })
})
