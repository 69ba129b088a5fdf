import type { IncomingMessage, ServerResponse } from 'node:http'
import { listen } from '@sessions/testkit'
import { afterAll, expect, it } from 'vitest'
import { addVary, nodeHeaderSink, withoutValue } from '../../src/node.js'

type Answer = (response: ServerResponse) => void
let answer: Answer = () => {}
const { url, close } = await listen((_: IncomingMessage, response: ServerResponse) => answer(response))
afterAll(close)

/** What a browser gets of an answer. */
async function answered(write: Answer): Promise<{ status: number; text: string; headers: Headers }> {
  answer = write
  const response = await fetch(url)
  return { status: response.status, text: await response.text(), headers: response.headers }
}

const ours = 'sessions=one; Path=/'
const theirs = 'theme=dark'
const also = 'lang=de'

it.each<[string, Answer, string[], object?]>([
  ['nothing', (response) => response.end('ok'), [ours]],
  ['the first byte', (response) => void (response.write('o'), response.end('k')), [ours]],
  ['a header', (response) => response.setHeader('Set-Cookie', theirs).end('ok'), [theirs, ours]],
  ['several', (response) => response.setHeader('Set-Cookie', [theirs, also]).end('ok'), [theirs, also, ours]],
  ['one more', (response) => response.appendHeader('set-cookie', theirs).end('ok'), [ours, theirs]],
  [
    'the same again',
    (response) => response.setHeader('Set-Cookie', [ours, theirs]).end('ok'),
    [ours, theirs],
  ],
  ['none at all', (response) => (response.removeHeader('Set-Cookie'), response.end('ok')), [ours]],
  ['a head', (response) => response.writeHead(201).end('ok'), [ours], { status: 201 }],
  [
    'a head with a word for it',
    (response) => response.writeHead(202, 'Taken').end('ok'),
    [ours],
    { status: 202 },
  ],
  [
    'a head with other headers',
    (response) => response.writeHead(200, { 'X-Other': 'yes' }).end('ok'),
    [ours],
    { other: 'yes' },
  ],
  [
    'a head with cookies',
    (response) => response.writeHead(203, { 'set-cookie': theirs, 'X-Other': 'yes' }).end('ok'),
    [theirs, ours],
    { status: 203, other: 'yes' },
  ],
  [
    'a head with a word and cookies',
    (response) => response.writeHead(203, 'So', { 'SET-COOKIE': [theirs, also], 'X-Other': 'yes' }).end('ok'),
    [theirs, also, ours],
    { status: 203, other: 'yes' },
  ],
  [
    'a head with ours among the cookies',
    (response) => response.writeHead(200, { 'Set-Cookie': [ours, theirs] }).end('ok'),
    [ours, theirs],
  ],
  [
    'a head as a list',
    (response) =>
      response.writeHead(200, ['Set-Cookie', theirs, 'X-Other', 'yes', 'set-cookie', also]).end('ok'),
    [theirs, also, ours],
    { other: 'yes' },
  ],
  [
    'a head as a list without cookies',
    (response) => response.writeHead(200, 'So', ['X-Other', 'yes'] as never).end('ok'),
    [ours],
    { other: 'yes' },
  ],
])('a cookie of a session is not lost when other code writes %s', async (_, write, cookies, more = {}) => {
  const { status, text, headers } = await answered((response) => {
    nodeHeaderSink(response).append('Set-Cookie', ours)
    write(response)
  })
  const { status: expected = 200, other = null } = more as { status?: number; other?: string | null }
  expect([status, text, headers.get('x-other')]).toEqual([expected, 'ok', other])
  expect(headers.getSetCookie()).toEqual(cookies)
})

it('keeps all that it was given, by whichever sink, but for what it was told to leave out', async () => {
  const { headers } = await answered((response) => {
    const [one, two] = [nodeHeaderSink(response), nodeHeaderSink(response)]
    one.append('Set-Cookie', 'a=1')
    two.append('Set-Cookie', 'b=2')
    two.append('Set-Cookie', 'c=3')
    one.remove!('Set-Cookie', 'b=2')
    response.writeHead(200, { 'Set-Cookie': theirs }).end()
  })
  expect(headers.getSetCookie()).toEqual([theirs, 'a=1', 'c=3'])
  const none = await answered((response) => {
    const sink = nodeHeaderSink(response)
    sink.append('Set-Cookie', 'a=1')
    sink.remove!('Set-Cookie', 'a=1')
    expect(response.hasHeader('Set-Cookie')).toBe(false)
    response.end()
  })
  expect(none.headers.getSetCookie()).toEqual([])
})

it('leaves other headers as other code has them', async () => {
  const { headers } = await answered((response) => {
    const sink = nodeHeaderSink(response)
    expect(sink.canWrite()).toBe(true)
    response.setHeader('Cache-Control', 'no-cache').setHeader('Vary', 'Origin, Cookie')
    sink.setDefault('Cache-Control', 'private')
    sink.setDefault('X-Other', 'yes')
    sink.append('Vary', 'cookie')
    sink.append('Vary', 'Accept')
    sink.append('X-List', 'a')
    sink.append('X-List', 'b')
    sink.append('X-List', 'c')
    sink.remove!('X-List', 'b')
    response.writeHead(200)
    expect(sink.canWrite()).toBe(false)
    response.end()
  })
  expect(Object.fromEntries(headers)).toMatchObject({
    'cache-control': 'no-cache',
    'x-other': 'yes',
    vary: 'Origin, Cookie, Accept',
    'x-list': 'a, c',
  })
})

it('adds a name to Vary once, and takes a value out of a header', () => {
  expect(addVary(undefined, 'Cookie')).toBe('Cookie')
  expect(addVary('Origin , Accept', 'Cookie')).toBe('Origin, Accept, Cookie')
  expect(addVary(['Origin', 'COOKIE'], 'Cookie')).toBe('Origin, COOKIE')
  expect(withoutValue(undefined, 'a')).toEqual([])
  expect(withoutValue(7, '7')).toEqual([])
  expect(withoutValue(['a', 'b', 'a'], 'a')).toEqual(['b'])
})
