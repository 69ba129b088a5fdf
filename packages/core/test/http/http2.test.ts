import { once } from 'node:events'
import {
  type ClientHttp2Session,
  connect,
  createSecureServer,
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { selfSigned } from '@sessions/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { toNodeHandler } from '../../src/node.js'
import { apiFixture } from '../../src/testing.js'

const handle = toNodeHandler(apiFixture()) as never as (
  req: Http2ServerRequest,
  res: Http2ServerResponse,
) => void

interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Sends over HTTP/2, where a body needs no header that tells of it. */
async function send(
  client: ClientHttp2Session,
  headers: Record<string, string>,
  body?: string,
): Promise<Reply> {
  const stream = client.request(
    { ':method': 'POST', ':path': '/sessions', ...headers },
    { endStream: body === undefined },
  )
  if (body !== undefined) stream.end(body)
  const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }]
  return { status: head[':status'], headers: head, body: await text(stream) }
}

const closing: (() => void)[] = []
afterAll(() => closing.forEach((close) => close()))

describe.each(['clear', 'secure'])('the API over %s HTTP/2', (kind) => {
  async function open(): Promise<{ client: ClientHttp2Session; origin: string }> {
    const server = kind === 'clear' ? createServer(handle) : createSecureServer(selfSigned, handle)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const scheme = kind === 'clear' ? 'http' : 'https'
    const origin = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
    const client = connect(origin, { rejectUnauthorized: false })
    closing.push(() => {
      client.destroy()
      server.close()
    })
    return { client, origin }
  }
  const json = { 'content-type': 'application/json' }

  it('reads bodies of any length, told and untold', async () => {
    const { client } = await open()
    const title = 'é'.repeat(50)
    const said = JSON.stringify({ title })
    for (const length of [{}, { 'content-length': String(Buffer.byteLength(said)) }]) {
      const made = await send(client, { ...json, ...length }, said)
      expect([made.status, JSON.parse(made.body)]).toMatchObject([201, { session: { title } }])
    }
    const large = JSON.stringify({ state: { parts: Array.from({ length: 60 }, () => 'x'.repeat(900)) } })
    expect((await send(client, json, large)).status).toBe(201)
    expect((await send(client, json, '')).status).toBe(201)
    expect((await send(client, {})).status).toBe(201)
    expect((await send(client, { ...json, 'content-length': '0' }, '')).status).toBe(201)
    expect((await send(client, json, `{"title":"${'x'.repeat(1_100_000)}"}`)).status).toBe(413)
  })

  it('knows its own origin, and refuses others', async () => {
    const { client, origin } = await open()
    const status = async (from: string) => (await send(client, { origin: from, cookie: 'a=b' })).status
    expect(await status(origin)).toBe(201)
    expect(await status('https://evil.example')).toBe(403)
    expect(await status(origin.replace('127.0.0.1', 'localhost'))).toBe(403)
  })

  it('sends cookies, streams, and answers without a body', async () => {
    const { client } = await open()
    const made = await send(client, json, '{}')
    const prefix = kind === 'clear' ? 'sessions=' : '__Host-sessions='
    const [set] = made.headers['set-cookie']!
    expect(set).toContain(prefix)
    const { id } = (JSON.parse(made.body) as { session: { id: string } }).session
    const cookie = set!.split(';')[0]!
    const mine = { ...json, cookie, 'sec-fetch-site': 'same-origin' }
    const stream = { ...mine, ':path': `/sessions/${id}/message`, accept: 'text/event-stream' }
    const told = await send(client, stream, JSON.stringify({ content: 'Hi' }))
    expect(told.headers['content-type']).toContain('text/event-stream')
    expect(told.body).toContain('echo: ')
    const known = { ...mine, ':method': 'GET', ':path': `/sessions/${id}` }
    const shown = await send(client, known)
    const again = await send(client, { ...known, 'if-none-match': String(shown.headers.etag) })
    expect([shown.status, again.status, again.body]).toEqual([200, 304, ''])
  })
})
