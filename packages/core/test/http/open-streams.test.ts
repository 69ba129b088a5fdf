import { expect, it } from 'vitest'
import { OpenStreams } from '../../src/http/open-streams.js'

it('a caller has so many streams open, and others have theirs', () => {
  const streams = new OpenStreams(2)
  const alice = { tenantId: 'acme', userId: 'alice' }
  const nobody = { tenantId: 'acme' }
  const leave = [streams.enter(alice, 's1'), streams.enter(alice, 's2')]
  const full = expect.objectContaining({
    code: 'limit_reached',
    message: 'At most 2 streams may be open at once.',
    path: 'streams',
    retryAfterMs: 1000,
  }) as Error
  expect(() => streams.enter(alice, 's3')).toThrow(full)
  // Another user, the same name elsewhere, and the holders of two sessions of nobody.
  const others = [
    [{ tenantId: 'acme', userId: 'bob' }, 's1'],
    [{ tenantId: 'other', userId: 'alice' }, 's1'],
    [nobody, 's1'],
    [nobody, 's1'],
    [nobody, 's2'],
    [{ tenantId: 'other' }, 's1'],
  ] as const
  for (const [identity, session] of others) streams.enter(identity, session)
  expect(() => streams.enter(nobody, 's1')).toThrow(full)
  leave.pop()!()
  leave.push(streams.enter(alice, 's3'))
  expect(() => streams.enter(alice, 's4')).toThrow(full)
  for (const each of leave) each()
  streams.enter(alice, 's1')
  streams.enter(alice, 's1')
  expect(() => streams.enter(alice, 's1')).toThrow(full)
})
