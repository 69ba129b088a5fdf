import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createSessions, type SessionError, type SessionEvent, type SessionWarning } from '../../src/index.js'
import { verifyWebhook, webhookListener, type WebhookOptions } from '../../src/listeners.js'
import { webhookKey, webhookSignature } from '../../src/listeners/webhook-signature.js'
import { alice } from '../service.js'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

interface Delivery {
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

const servers: { close(): void }[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** A receiver that answers with these statuses, one after the other, the last one again and again. */
async function receiver(statuses: readonly number[], headers: Record<string, string> = {}) {
  const got: Delivery[] = []
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    const status = statuses[Math.min(got.length, statuses.length - 1)]!
    got.push({ headers: request.headers, body: Buffer.concat(pieces).toString() })
    response.writeHead(status, headers).end()
  }
  const server = createServer((request, response) => void take(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push(server)
  return { got, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` }
}

/** A service that sends what happens to the receiver. */
function sending(url: string, options: Partial<WebhookOptions> = {}) {
  const warnings: SessionWarning[] = []
  const listener = webhookListener({ url, secrets: [secret], pauseMs: 1, ...options })
  const sessions = createSessions({ listeners: [listener], onWarning: (warning) => warnings.push(warning) })
  return { sessions, warnings, mine: sessions.for(alice) }
}

describe('webhookListener', () => {
  it('signs as Standard Webhooks are signed', async () => {
    const message = {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestamp: '1614265330',
      body: '{"test": 2432232314}',
    }
    expect(await webhookSignature([await webhookKey(secret, 'secret')], message)).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    )
  })

  it('sends each event, which settled() waits for, and a receiver can verify it', async () => {
    const { got, url } = await receiver([204])
    const second = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
    const { sessions, mine } = sending(url, { secrets: [secret, second] })
    const session = await mine.create()
    await session.append({ role: 'user', content: 'nothing of this is sent' })
    await sessions.settled()
    const events = got.map(({ body }) => JSON.parse(body) as { type: string; data: SessionEvent })
    expect(events.map(({ type }) => type).toSorted()).toEqual(['message.appended', 'session.created'])
    const { headers, body } = got.find((each) => each.body.includes('message.appended'))!
    expect(headers['webhook-id']).toBe(events.find(({ type }) => type === 'message.appended')!.data.id)
    expect(body).not.toContain('nothing of this')
    const hmac = createHmac('sha256', Buffer.alloc(32, 7))
    const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`
    expect(headers['webhook-signature']).toContain(`v1,${hmac.update(signed).digest('base64')}`)
    const given = new Headers(headers as Record<string, string>)
    expect(await verifyWebhook([secret], given, body)).toBe(true)
    expect(await verifyWebhook([second], given, body)).toBe(true)
    expect(await verifyWebhook([second], given, Buffer.from(body))).toBe(true)
    expect(await verifyWebhook([second], given, `${body} `)).toBe(false)
    // As Node has them, and a body that somebody has parsed: nothing would ever be right.
    for (const [path, ...args] of [
      ['headers', [second], headers, body],
      ['body', [second], given, JSON.parse(body)],
      ['secrets', [], given, body],
      ['secrets', second, given, body],
    ] as const)
      await expect(
        verifyWebhook(...(args as unknown as Parameters<typeof verifyWebhook>)),
      ).rejects.toMatchObject({
        code: 'invalid',
        path,
      })
    expect(await verifyWebhook([`whsec_${Buffer.alloc(32).toString('base64')}`], given, body)).toBe(false)
    expect(await verifyWebhook([`whsec_${Buffer.alloc(32).toString('base64')}`, second], given, body)).toBe(
      true,
    )
    expect(headers['content-type']).toBe('application/json')
    given.set('webhook-timestamp', String(Number(given.get('webhook-timestamp')) + 1))
    expect(await verifyWebhook([secret], given, body)).toBe(false)
    for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature']) {
      const some = new Headers(headers as Record<string, string>)
      some.delete(name)
      expect(await verifyWebhook([secret], some, body)).toBe(false)
    }
  })

  it('is a message for five minutes, by clocks that differ either way', async () => {
    const at = Date.parse('2026-03-01T10:00:00Z')
    const message = { id: 'one', timestamp: String(at / 1000), body: '{}' }
    const headers = new Headers({
      'webhook-id': 'one',
      'webhook-timestamp': message.timestamp,
      'webhook-signature': await webhookSignature([await webhookKey(secret, 'secret')], message),
    })
    for (const [after, isIt] of [
      [300_000, true],
      [300_001, false],
      [-300_000, true],
      [-300_001, false],
    ] as const) {
      vi.spyOn(Date, 'now').mockReturnValue(at + after)
      expect(await verifyWebhook([secret], headers, '{}'), String(after)).toBe(isIt)
    }
    vi.restoreAllMocks()
  })

  it.each([
    [23, false],
    [24, true],
    [64, true],
    [65, false],
    [66, false],
  ])('takes a secret of %i bytes: %s', async (bytes, isTaken) => {
    const given = `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`
    const refusal = expect.objectContaining({ code: 'invalid', path: 'secrets[1]' }) as Error
    const listen = () => webhookListener({ url: 'https://example.com', secrets: [secret, given] })
    const verified = verifyWebhook([secret, given], new Headers(), '').catch((error: unknown) => error)
    if (isTaken) expect(listen).not.toThrow()
    else expect(listen).toThrow(refusal)
    expect(await verified).toEqual(isTaken ? false : refusal)
  })

  it('sends again what is not taken, with the same id, until it is', async () => {
    const { got, url } = await receiver([500, 429, 503, 200], { 'retry-after': '0' })
    const { sessions, mine, warnings } = sending(url)
    await mine.create()
    await sessions.settled()
    expect(got).toHaveLength(4)
    expect(new Set(got.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(warnings).toEqual([])
  })

  it('gives up what is refused for good, or too often, and tells of it', async () => {
    const refused = await receiver([400])
    const { sessions, mine, warnings } = sending(refused.url)
    await mine.create()
    await sessions.settled()
    expect(refused.got).toHaveLength(1)
    expect(warnings).toMatchObject([
      {
        code: 'listener_failed',
        cause: { code: 'unavailable', message: 'A webhook was not delivered: the receiver answered 400.' },
      },
    ])
    const failing = await receiver([500])
    const undelivered: string[] = []
    const other = sending(failing.url, {
      maxTries: 3,
      onUndelivered: ({ type }, { message }) => undelivered.push(type, message),
    })
    await other.mine.create()
    await other.sessions.settled()
    expect(failing.got).toHaveLength(3)
    expect(undelivered).toEqual([
      'session.created',
      'A webhook was not delivered: the receiver answered 500.',
    ])
    expect(other.warnings).toEqual([])
  })

  it('keeps no more than it may, and holds up settled() no longer than it may', async () => {
    const { url } = await receiver([503])
    const undelivered: string[] = []
    const { sessions, mine, warnings } = sending(url, {
      maxBytes: 700,
      pauseMs: 60_000,
      flushMs: 20,
      onUndelivered: (_, { message }) => undelivered.push(message),
    })
    for (let index = 0; index < 4; index++) await mine.create()
    await sessions.settled()
    expect(undelivered).toContain('A webhook was not delivered: more than 700 bytes wait to be sent.')
    expect(warnings).toMatchObject([{ code: 'listener_failed', message: 'A listener failed on flush.' }])
  })

  it('waits for onUndelivered, and warns when it fails, at once or later', async () => {
    const { url } = await receiver([400])
    const taken: string[] = []
    const asked = sending(url, {
      onUndelivered: async ({ type }) => {
        await new Promise((resolve) => setImmediate(resolve))
        taken.push(type)
      },
    })
    await asked.mine.create()
    await asked.sessions.settled()
    expect([taken, asked.warnings]).toEqual([['session.created'], []])
    for (const onUndelivered of [
      async () => Promise.reject(new Error('away')),
      () => {
        throw new Error('away')
      },
    ]) {
      const { sessions, mine, warnings } = sending(url, { onUndelivered })
      await mine.create()
      await sessions.settled()
      expect(warnings).toMatchObject([{ code: 'listener_failed', cause: { message: 'away' } }])
    }
  })

  it('waits in settled() for what was told until then, though more is told all the time', async () => {
    const open: ServerResponse[] = []
    const server = createServer((request, response) => {
      request.resume()
      open.push(response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    servers.push({ close: () => (server.closeAllConnections(), server.close()) })
    const listener = webhookListener({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      secrets: [secret],
      flushMs: 600_000,
    })
    const event = { id: 'e', type: 'session.created', at: 0 } as SessionEvent
    const told = listener.on(event)
    await vi.waitFor(() => expect(open).toHaveLength(1))
    const flushed = listener.flush()
    const more = listener.on({ ...event, id: 'f' })
    await vi.waitFor(() => expect(open).toHaveLength(2))
    open[0]!.writeHead(200).end()
    await Promise.all([told, flushed])
    open[1]!.writeHead(200).end()
    await more
  })

  it('sends at most four at the same moment, and the others after them', async () => {
    const open: ServerResponse[] = []
    let most = 0
    let count = 0
    const server = createServer((request, response) => {
      request.resume()
      count++
      open.push(response)
      most = Math.max(most, open.length)
      if (count === 4 || count > 8) for (const each of open.splice(0)) each.writeHead(200).end()
      else if (count > 4) open.splice(0, 1)[0]!.writeHead(200).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    servers.push(server)
    const { sessions, mine, warnings } = sending(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    for (let n = 0; n < 10; n++) await mine.create()
    await sessions.settled()
    expect([most, count, warnings]).toEqual([4, 10, []])
  })

  it('has room again for what comes after what was sent, or given up', async () => {
    const { got, url } = await receiver([400, 200])
    const undelivered: string[] = []
    const { sessions, mine } = sending(url, {
      maxBytes: 400,
      onUndelivered: (_, { message }) => undelivered.push(message),
    })
    for (let n = 0; n < 5; n++) {
      await mine.create()
      await sessions.settled()
    }
    expect(got).toHaveLength(5)
    expect(undelivered).toEqual(['A webhook was not delivered: the receiver answered 400.'])
  })

  it('waits as long as the receiver asks for, before it sends again', async () => {
    const at: number[] = []
    const { url } = await receiver([429, 200], { 'retry-after': '1' })
    const { sessions, mine, warnings } = sending(url, { isSent: () => at.push(performance.now()) > 0 })
    await mine.create()
    await sessions.settled()
    expect(performance.now() - at[0]!).toBeGreaterThan(990)
    expect(warnings).toEqual([])
  })

  it('sends again what nobody answers, and says what came of it', async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    servers.push({ close: () => (silent.closeAllConnections(), silent.close()) })
    const { port } = silent.address() as AddressInfo
    for (const [url, name] of [
      [`http://127.0.0.1:${port}`, 'TimeoutError'],
      ['http://127.0.0.1:1', 'TypeError'],
    ] as const) {
      const undelivered: SessionError[] = []
      const { sessions, mine } = sending(url, {
        maxTries: 2,
        timeoutMs: 30,
        onUndelivered: (_, why) => undelivered.push(why),
      })
      await mine.create()
      await sessions.settled()
      expect(undelivered, url).toMatchObject([
        {
          code: 'unavailable',
          message: 'A webhook was not delivered: the receiver did not answer.',
          cause: { name },
        },
      ])
    }
  })

  it('sends the events that are asked for', async () => {
    const { got, url } = await receiver([200])
    const { sessions, mine } = sending(url, {
      types: ['session.created'],
      isSent: ({ sessionId }) => sessionId !== 'other',
    })
    await (await mine.create({ id: 'one' })).append({ role: 'user', content: 'Hello' })
    await mine.create({ id: 'other' })
    await sessions.settled()
    expect(got.map(({ body }) => (JSON.parse(body) as { data: SessionEvent }).data.sessionId)).toEqual([
      'one',
    ])
  })

  it.each([
    [{ url: 'ftp://example.com' }, 'url'],
    [{ url: 'no address' }, 'url'],
    // `fetch` takes no such address, so nothing would ever be delivered.
    [{ url: 'https://user:password@crm.example/hook' }, 'url'],
    [{ secrets: [] }, 'secrets'],
    [{ secrets: ['short'] }, 'secrets[0]'],
    [{ secrets: [5] }, 'secrets[0]'],
    [{ secrets: [secret.slice('whsec_'.length)] }, 'secrets[0]'],
    [{ secrets: [`${secret}A`] }, 'secrets[0]'],
    [{ secrets: [secret, `${secret}!`] }, 'secrets[1]'],
    [{ timeoutMs: 0 }, 'timeoutMs'],
    [{ pauseMs: Number.NaN }, 'pauseMs'],
    [{ maxBytes: 0 }, 'maxBytes'],
    [{ flushMs: -1 }, 'flushMs'],
    [{ maxTries: 0 }, 'maxTries'],
    [{ retries: 3 }, 'retries'],
    [{ types: ['order.placed', 'order.paid'] }, 'types[1]'],
    [{ types: [undefined] }, 'types[0]'],
  ])('refuses %o', (wrong, path) => {
    const options = { url: 'https://example.com', secrets: [secret], ...wrong }
    expect(() => webhookListener(options as WebhookOptions)).toThrow(
      expect.objectContaining({ code: 'invalid', path }),
    )
  })
})
