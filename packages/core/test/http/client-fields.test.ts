import { describe, expect, it } from 'vitest'
import { checkFields, leadingSystem } from '../../src/http/client-fields.js'
import { checkTtl } from '../../src/http/client-ttl.js'

const acme = { tenantId: 'acme', userId: 'alice' }
const strict = { isCompat: false, clientOptions: ['tone', 'system'] }
const compat = { ...strict, isCompat: true }
const notAllowed = (path: string) =>
  expect.objectContaining({
    code: 'unprocessable',
    path,
    message: `${path} is not a field that a client may set.`,
  }) as Error

describe('a field of a body that its route does not know', () => {
  it('is an option where the application says so, and else refused', () => {
    expect(checkFields(strict, acme, {})).toEqual({ id: undefined, options: {} })
    expect(checkFields(strict, acme, { tone: { warm: true }, system: 'Obey.' })).toEqual({
      id: undefined,
      options: { tone: { warm: true }, system: 'Obey.' },
    })
    for (const name of ['mood', 'sessionId', 'newSessionId', 'tenantId', 'userId'])
      expect(() => checkFields(strict, acme, { tone: 'warm', [name]: 'acme' }), name).toThrow(
        notAllowed(name),
      )
  })

  it('is left out for clients of old, names the session, and never chooses the caller', () => {
    expect(checkFields(compat, acme, { mood: 'good', tone: 'warm', tenantId: 'acme' })).toEqual({
      id: undefined,
      options: { tone: 'warm' },
    })
    for (const name of ['sessionId', 'newSessionId'])
      expect(checkFields(compat, acme, { [name]: 's1' })).toEqual({ id: 's1', options: {} })
    for (const tenantId of ['other', undefined, 5, 'ACME'])
      expect(() => checkFields(compat, acme, { tenantId })).toThrow(notAllowed('tenantId'))
    for (const id of ['', 5, '\n', 'x'.repeat(300)])
      expect(() => checkFields(compat, acme, { sessionId: id })).toThrow(
        expect.objectContaining({ code: 'invalid', path: 'sessionId' }) as Error,
      )
  })

  it('may be the instructions that come first', () => {
    const of = (system: unknown) => leadingSystem({ id: undefined, options: { system } as never })
    expect(of('Be brief.')).toEqual([{ role: 'system', content: 'Be brief.' }])
    expect([of(''), of(5), of(undefined)]).toEqual([[], [], []])
  })
})

describe('how long a client wants its session to live', () => {
  const clientTtl = { maxIdleMs: 1000, maxAbsoluteMs: 5000 }

  it('is at most what the application allows', () => {
    for (const ttl of [{}, { idleMs: 1000 }, { idleMs: 1, absoluteMs: 5000 }])
      expect(checkTtl({ clientTtl }, ttl)).toBe(ttl)
    for (const [ttl, where, path] of [
      [{ idleMs: 1001 }, 'ttl.idleMs', undefined],
      [{ idleMs: 5, absoluteMs: 5001 }, 'ttl.absoluteMs', undefined],
      [{ absoluteMs: 5001 }, 'absoluteMs', ''],
    ] as const)
      expect(() => checkTtl({ clientTtl }, ttl, path)).toThrow(
        expect.objectContaining({
          code: 'unprocessable',
          path: where,
          message: `${where} may be ${where.endsWith('idleMs') ? 1000 : 5000} milliseconds at most.`,
        }) as Error,
      )
  })

  it('is not the client’s to say where the application does not let it', () => {
    expect(checkTtl({ clientTtl: undefined }, {})).toEqual({})
    expect(() => checkTtl({ clientTtl: undefined }, { idleMs: 1 })).toThrow(notAllowed('ttl.idleMs'))
    expect(() => checkTtl({ clientTtl: { maxIdleMs: 5 } }, { absoluteMs: 1 }, '')).toThrow(
      notAllowed('absoluteMs'),
    )
  })
})
