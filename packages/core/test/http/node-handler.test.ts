import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createServer } from 'node:http'
import { createSessionApi } from '../../src/http.js'
import { toNodeHandler } from '../../src/node.js'
import { createSessions } from '../../src/index.js'
import { listen } from './node-server.js'

const seen: { url: string }[] = []
const sessions = createSessions()
const api = createSessionApi({
  sessions,
  identify: ({ url }) => {
    seen.push({ url })
    return { tenantId: 'acme', userId: 'alice' }
  },
  onError: () => {},
})

/** What a server begins its answer to these very lines with. */
async function answerOf(base: string, lines: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(base)
  const socket = connect(Number(port), hostname)
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return chunk.toString()
}

const statusOf = async (base: string, lines: readonly string[]): Promise<number> =>
  Number((await answerOf(base, lines)).split(' ')[1])

async function headOf(base: string, lines: readonly string[]): Promise<Headers> {
  const [, ...fields] = (await answerOf(base, lines)).split('\r\n\r\n')[0]!.split('\r\n')
  return new Headers(fields.map((field) => field.split(/: (.*)/).slice(0, 2) as [string, string]))
}

describe('a request target', () => {
  const evil = 'Origin: http://evil.example'
  it.each([
    ['//evil.example/sessions', 404],
    ['//evil.example/sessions/x', 404],
    ['/\\evil.example/sessions', 404],
    ['\\\\evil.example/sessions', 400],
    ['///evil.example/sessions', 404],
    ['http://evil.example/sessions', 403],
    ['https:evil.example/sessions', 400],
    ['javascript:alert(1)', 400],
    ['/sessions', 403],
  ])('is a path of ours, whatever it looks like: %s', async (target, status) => {
    const base = await listen(api)
    const host = new URL(base).host
    const lines = [`POST ${target} HTTP/1.1`, `Host: ${host}`, evil, 'Cookie: a=b', 'Content-Length: 0']
    expect(await statusOf(base, lines)).toBe(status)
    expect(seen).toEqual([])
  })

  it.each([
    '/users/bob/../alice/sessions',
    '/x/../sessions',
    '/./sessions',
    '/sessions/.',
    '/sessions/..',
    '/x/%2e%2e/sessions',
    '/x/.%2E/sessions?limit=5',
    '/x\\..\\sessions',
    '/sessions\\',
    '/sessions#/users',
  ])('is no other path than the one that a guard before the API has seen: %s', async (target) => {
    const base = await listen(api)
    seen.length = 0
    expect(await statusOf(base, [`GET ${target} HTTP/1.1`, `Host: ${new URL(base).host}`])).toBe(404)
    expect(seen).toEqual([])
  })

  it.each([
    '/sessions?title=../x',
    '/sessions?limit=5&label=a\\b',
    '/sessions/..a',
    '/sessions/a..',
    '/sessions/...',
  ])('may have dots elsewhere: %s', async (target) => {
    const base = await listen(api)
    seen.length = 0
    await statusOf(base, [`GET ${target} HTTP/1.1`, `Host: ${new URL(base).host}`])
    expect(seen).toHaveLength(1)
  })

  it('may be a whole address, of which the path counts', async () => {
    const base = await listen(api)
    const { host } = new URL(base)
    seen.length = 0
    expect(
      await statusOf(base, ['GET http://other.example/sessions?limit=5 HTTP/1.1', `Host: ${host}`]),
    ).toBe(200)
    expect(seen.splice(0)).toEqual([{ url: `${base}/sessions?limit=5` }])
  })

  it.each(['a/b', 'a?b', 'a#b', 'user@a', 'a\\b', 'a b'])(
    'belongs to a host, which %s is not',
    async (host) => {
      const base = await listen(api)
      expect(await statusOf(base, ['GET /sessions HTTP/1.1', `Host: ${host}`])).toBe(400)
      expect(seen).toEqual([])
    },
  )
})

it('answers what is no request of the API as it answers every request', async () => {
  const base = await listen(api)
  const { host } = new URL(base)
  for (const [line, named, allow] of [
    ['TRACE /sessions', host, 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'],
    ['PURGE /sessions', host, 'POST, GET, HEAD, OPTIONS'],
    ['GET /x/../sessions', host],
    ['GET /sessions', 'a b'],
  ] as const) {
    for (const [id, echoed] of [
      ['mine-1', 'mine-1'],
      ['<b>', /^[\w-]{24}$/],
    ] as const) {
      const head = await headOf(base, [`${line} HTTP/1.1`, `Host: ${named}`, `X-Request-Id: ${id}`])
      expect(head.get('x-request-id'), line).toMatch(echoed)
      expect(head.get('allow'), line).toBe(allow ?? null)
      expect(
        ['x-content-type-options', 'referrer-policy', 'cache-control'].map((name) => head.get(name)),
      ).toEqual(['nosniff', 'no-referrer', 'no-store'])
    }
  }
})

it('a method that the API knows nowhere is not allowed', async () => {
  const base = await listen(api)
  const { host } = new URL(base)
  for (const method of ['TRACE', 'PURGE'])
    expect(await statusOf(base, [`${method} /sessions HTTP/1.1`, `Host: ${host}`])).toBe(405)
})

it('refuses at the start what would fail for each request, and look like a fault of its client', () => {
  for (const [given, options, path] of [
    [undefined, {}, 'api'],
    [{}, {}, 'api'],
    [Promise.resolve(api), {}, 'api'],
    [api, { origin: 'https://shop.example' }, 'origin'],
    [api, { mountPath: '/api' }, 'mountPath'],
    [api, { path: '/sessions' }, 'path'],
    [api, { body: 'text' }, 'body'],
  ] as const)
    expect(() => toNodeHandler(given as never, options as never)).toThrow(
      expect.objectContaining({ code: 'invalid', path }) as Error,
    )
})

it('leaves an answer alone that other code has begun meanwhile', async () => {
  const bodies: string[] = []
  const body = () => new ReadableStream({ cancel: (reason) => void bodies.push(`given up ${reason}`) })
  const handle = toNodeHandler({ handle: async () => new Response(body(), { headers: { 'X-Late': 'yes' } }) })
  const server = createServer((req, res) => {
    res.writeHead(503)
    res.write('too ')
    void handle(req, res).then(
      () => res.end('late'),
      (error: Error) => res.end(error.message),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/sessions`)
  expect([response.status, response.headers.get('x-late')]).toEqual([503, null])
  expect(await response.text()).toBe('too late')
  expect(bodies).toEqual(['given up undefined'])
  server.close()
})
