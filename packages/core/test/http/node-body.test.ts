import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gunzipSync, gzipSync } from 'node:zlib'
import { listen } from '@sessions/testkit'
import { describe, expect, it } from 'vitest'
import { bodyReadAlready, toNodeHandler } from '../../src/node.js'

type Parsed = IncomingMessage & { body?: unknown; rawBody?: Uint8Array }

/** What the API is given of a request whose body somebody has read before it. */
async function sent(text: string, parse: (req: Parsed) => Promise<void>): Promise<string> {
  const handle = toNodeHandler({ handle: async (request) => new Response(await request.text()) })
  const { url, close } = await listen((req: Parsed, res) => void parse(req).then(() => handle(req, res)))
  try {
    return await (await fetch(url, { method: 'POST', body: text })).text()
  } finally {
    await close()
  }
}

const exact = '{"price": 0.1e1, "name":"é"}'

describe('the body of a request behind a parser', () => {
  it('is the one on the wire when nobody has read it', async () => {
    expect(await sent(exact, async () => {})).toBe(exact)
    const unread = async (req: Parsed): Promise<void> => void (req.body = { not: 'this' })
    expect(await sent(exact, unread)).toBe(exact)
  })

  it('is written again from what was parsed', async () => {
    const json = async (req: Parsed): Promise<void> => {
      req.body = JSON.parse((await buffer(req)).toString())
    }
    expect(await sent(exact, json)).toBe('{"price":1,"name":"é"}')
  })

  it('is refused where what was parsed is a number that JSON cannot write', async () => {
    const json = async (req: Parsed): Promise<void> => {
      req.body = JSON.parse((await buffer(req)).toString())
    }
    for (const text of ['{"price":1e400}', '{"list":[{"price":-1e400}]}']) {
      expect(JSON.parse(await sent(text, json))).toMatchObject({
        status: 400,
        code: 'invalid',
        detail: 'price is not a finite number',
      })
    }
  })

  it('is as it was where a parser has kept it', async () => {
    const text = async (req: Parsed): Promise<void> => void (req.body = (await buffer(req)).toString())
    expect(await sent(exact, text)).toBe(exact)
    const raw = async (req: Parsed): Promise<void> => {
      req.rawBody = await buffer(req)
      req.body = { price: 1 }
    }
    expect(await sent(exact, raw)).toBe(exact)
  })

  it('is no longer compressed where a parser has read it', async () => {
    const handle = toNodeHandler({
      handle: async (request) =>
        new Response(request.headers.get('content-encoding') ?? (await request.text())),
    })
    const { url, close } = await listen((req: Parsed, res) => {
      const isRead = req.url === '/read'
      const parse = async (): Promise<void> =>
        void (req.body = JSON.parse(gunzipSync(await buffer(req)).toString()))
      void (isRead ? parse() : Promise.resolve()).then(() => handle(req, res))
    })
    const post = async (path: string): Promise<string> => {
      const headers = { 'content-encoding': 'gzip' }
      return (await fetch(url + path, { method: 'POST', body: gzipSync('{"a":1}'), headers })).text()
    }
    try {
      expect(await post('/read')).toBe('{"a":1}')
      expect(await post('/unread')).toBe('gzip')
    } finally {
      await close()
    }
  })

  it('is looked for where a framework says, and then on the request', () => {
    const read = { readableDidRead: true, body: 'of Node' } as unknown as IncomingMessage
    expect(bodyReadAlready(read, { body: 'of Fastify' })).toBe('of Fastify')
    expect(bodyReadAlready(read, {})).toBe('of Node')
    expect(bodyReadAlready({ readableDidRead: true } as IncomingMessage)).toBeUndefined()
    expect(
      bodyReadAlready({ readableDidRead: false, body: 'x' } as unknown as IncomingMessage),
    ).toBeUndefined()
  })
})
