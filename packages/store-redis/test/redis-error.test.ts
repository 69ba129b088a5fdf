import { SessionError } from '@sessions/core/store'
import { expect, test } from 'vitest'
import { replyCode, toSessionError } from '../src/calls/redis-error.js'

test.each<[text: string, reply: string | undefined, code: string, message: RegExp | string]>([
  ["OOM command not allowed when used memory > 'maxmemory'.", 'OOM', 'store_full', 'Redis refused: OOM'],
  [
    "READONLY You can't write against a read only replica.",
    'READONLY',
    'unavailable',
    'Redis refused: READONLY',
  ],
  ['LOADING Redis is loading the dataset in memory', 'LOADING', 'unavailable', 'Redis refused: LOADING'],
  ['MASTERDOWN Link with MASTER is down', 'MASTERDOWN', 'unavailable', 'Redis refused: MASTERDOWN'],
  ['CLUSTERDOWN The cluster is down', 'CLUSTERDOWN', 'unavailable', 'Redis refused: CLUSTERDOWN'],
  ['MOVED 3999 127.0.0.1:6381', 'MOVED', 'unavailable', 'Redis refused: MOVED'],
  ['ASK 3999 127.0.0.1:6381', 'ASK', 'unavailable', 'Redis refused: ASK'],
  [
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'TRYAGAIN',
    'unavailable',
    'Redis refused: TRYAGAIN',
  ],
  ['BUSY Redis is busy running a script.', 'BUSY', 'unavailable', 'Redis refused: BUSY'],
  ['MISCONF Redis is configured to save RDB snapshots', 'MISCONF', 'unavailable', 'Redis refused: MISCONF'],
  ['NOREPLICAS Not enough good replicas to write.', 'NOREPLICAS', 'unavailable', 'Redis refused: NOREPLICAS'],
  ['WRONGTYPE Operation against a key', 'WRONGTYPE', 'corrupt', /there is something else in its place/],
  ['ERR syntax error', 'ERR', 'store_failed', 'Redis refused: ERR'],
  ['ERR', 'ERR', 'store_failed', 'Redis refused: ERR'],
  ['-OOM in front of it', 'OOM', 'store_full', 'Redis refused: OOM'],
  ['Command failed: OOM of Upstash', 'OOM', 'store_full', 'Redis refused: OOM'],
  [
    'Too many Cluster redirections. Last error: ReplyError: MOVED 1 a:1',
    'MOVED',
    'unavailable',
    'Redis refused: MOVED',
  ],
  [
    'ERR Error running script (call to f_1): @user_script:3: OOM command not allowed',
    'OOM',
    'store_full',
    'Redis refused: OOM',
  ],
  [
    'ERR Error running script (call to f_1): @user_script:3: -READONLY You cannot',
    'READONLY',
    'unavailable',
    'Redis refused: READONLY',
  ],
  [
    'NOPERM this user has no permissions',
    'NOPERM',
    'store_failed',
    /^the user of Redis lacks a right .*README: NOPERM/,
  ],
  [
    "ERR The user executing the script can't run this command",
    'ERR',
    'store_failed',
    /^the user of Redis lacks a right .*README: ERR The user/,
  ],
  [
    'NOAUTH Authentication required.',
    'NOAUTH',
    'store_failed',
    'Redis refuses the name or the password of the user: NOAUTH',
  ],
  [
    'WRONGPASS invalid pair',
    'WRONGPASS',
    'store_failed',
    'Redis refuses the name or the password of the user: WRONGPASS',
  ],
  [
    `ERR unknown command 'FUNCTION', ${'x'.repeat(300)}`,
    'ERR',
    'store_failed',
    /^this server does not know what the store needs: ERR unknown command 'FUNCTION', x{168}$/,
  ],
  ['Connection is closed.', undefined, 'unavailable', 'Redis cannot be reached'],
  ['Socket closed unexpectedly', undefined, 'unavailable', 'Redis cannot be reached'],
  ['E short', undefined, 'unavailable', 'Redis cannot be reached'],
  ['it said OOM somewhere', undefined, 'unavailable', 'Redis cannot be reached'],
])('%s', (text, reply, code, message) => {
  for (const error of [new Error(text), text]) {
    expect(replyCode(error)).toBe(reply)
    const told = toSessionError(error, false)
    expect([told.code, told.message]).toEqual([
      code,
      typeof message === 'string' ? message : (expect.stringMatching(message) as string),
    ])
    expect(told.cause).toBe(error)
    // What Redis has refused was not done, whatever went out.
    expect(toSessionError(error, true).code).toBe(reply === undefined ? 'unknown_outcome' : code)
  }
})

test.each([
  "Stream isn't writeable and enableOfflineQueue options is false",
  'The client is closed',
  'The client is offline',
])('what was not sent was not done: %s', (text) => {
  expect(toSessionError(new Error(text), true)).toMatchObject({
    code: 'unavailable',
    message: 'Redis cannot be reached',
  })
  expect(toSessionError(new Error(`so ${text}`), true)).toMatchObject({
    code: 'unknown_outcome',
    message: 'the connection to Redis was lost during a write',
  })
})

test('an error of ours stays as it is', () => {
  const ours = new SessionError('conflict', 'OOM is not what it is')
  expect(toSessionError(ours, true)).toBe(ours)
})
