import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { memoryStore, type SessionsOptions } from '../../src/index.js'
import { createSessionApi } from '../../src/http.js'
import { webhookListener } from '../../src/listeners.js'
import { checkStore, setDeadline } from '../../src/store.js'
import { alice, service } from '../service.js'

// Who wants no limit says `Infinity`, or a very large number. A timer that is set to wait longer than 24 days fires at
// once, and Node warns of it.

const endless = [Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 40]
let overflows: string[] = []
const note = (warning: Error): void => {
  if (warning.name === 'TimeoutOverflowWarning') overflows.push(warning.message)
}
beforeEach(() => {
  overflows = []
  process.on('warning', note)
})
afterEach(async () => {
  // A warning is told after the code that caused it.
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', note)
  expect(overflows).toEqual([])
})

describe.each(endless)('without an end: %d ms', (ms) => {
  it('a tool has any time, and turns wait for each other', async () => {
    const turns = { policy: 'queue', toolTimeoutMs: ms, queueMs: ms, keepMs: ms, flushMs: ms } as const
    const session = await service({ turns }).for(alice).create()
    const tools = {
      wait: { execute: async (_: unknown, { signal }: { signal: AbortSignal }) => !signal.aborted },
    }
    const ask = (words: string) => {
      let calls = 0
      const respond = () =>
        calls++ === 0 ? [{ type: 'tool-call' as const, toolCallId: 'c', toolName: 'wait', input: {} }] : words
      return session.turn(words, respond, { tools }).result
    }
    const results = await Promise.all([ask('one'), ask('two')])
    expect(results.map(({ text, status }) => [text, status])).toEqual([
      ['one', 'completed'],
      ['two', 'completed'],
    ])
    const outputs = (await session.allMessages()).flatMap(({ content }) =>
      typeof content === 'string' ? [] : content.flatMap((part) => ('output' in part ? [part.output] : [])),
    )
    expect(outputs).toEqual([true, true])
  })

  it('a lease and its heartbeat', async () => {
    const session = await service({ turns: { leaseMs: ms, heartbeatMs: ms } })
      .for(alice)
      .create()
    expect((await session.turn('Hi', () => 'Hello').result).text).toBe('Hello')
  })

  it('a stream sends no sign of life', async () => {
    const sessions = service()
    const session = await sessions.for(alice).create()
    const api = createSessionApi({ sessions, identify: () => alice, streamHeartbeatMs: ms })
    const stream = await api.handle(new Request(`http://a.example/sessions/${session.id}/events`))
    const reader = stream.body!.getReader()
    await reader.read()
    await reader.cancel()
  })

  it('an answer is kept for its key', async () => {
    const api = createSessionApi({ sessions: service(), identify: () => alice, idempotencyMs: ms })
    const headers = { 'idempotency-key': 'once' }
    const create = async () => {
      const answer = await api.handle(new Request('http://a.example/sessions', { method: 'POST', headers }))
      return [answer.status, await answer.text()]
    }
    expect(await create()).toEqual(await create())
  })

  it('a webhook waits for its receiver, and for the end', async () => {
    const options = { timeoutMs: ms, flushMs: ms, pauseMs: ms, maxTries: 1 }
    const secrets = [`whsec_${btoa('x'.repeat(32))}`]
    const given: unknown[] = []
    const listener = webhookListener({
      ...options,
      // Nobody listens there.
      url: 'http://127.0.0.1:9/',
      secrets,
      onUndelivered: (_, why) => given.push(why.cause),
    })
    const sessions = service({ listeners: [listener] })
    await sessions.for(alice).create()
    await listener.flush()
    expect(given).not.toEqual([])
    for (const cause of given) expect(cause).not.toBeInstanceOf(RangeError)
  })

  it('who asks a store waits for it', async () => {
    expect((await service().health({ timeoutMs: ms })).ok).toBe(true)
    if (Number.isFinite(ms)) await checkStore(memoryStore(), { timeoutMs: ms })
    setDeadline(ms, () => expect.fail('it is not over'))()
  })

  it('retention keeps what has no end, and removes the rest', async () => {
    let now = Date.now()
    const store = memoryStore({ clock: () => now })
    const others = {
      messagesMs: ms,
      documentsMs: ms,
      memoryMs: ms,
      auditMs: ms,
      analyticsMs: ms,
      usageMs: ms,
    }
    const failed: unknown[] = []
    const options: SessionsOptions = {
      store,
      ttl: { idleMs: Infinity, absoluteMs: Infinity },
      reads: { maxAgeMs: ms },
      retention: { ...others, cartMs: 1000 },
      usage: {},
      audit: { secrets: ['a secret of the audit, and of nothing else'] },
      onWarning: (warning) => failed.push(warning),
    }
    const sessions = service({ ...options, credentialSecrets: ['a secret of at least 32 characters'] })
    const item = { sku: 'A', name: 'A', price: { amount: 1, currency: 'EUR' } }
    const session = await sessions
      .for(alice)
      .create({ cart: [item], messages: [{ role: 'user', content: 'Hi' }] })
    now += 2000
    await sessions.sweep({ tenants: ['acme'] })
    const { cart } = await session.read()
    expect([cart.items.length, (await session.allMessages()).length]).toEqual([0, 1])
    expect(failed).toEqual([])
  })
})

it('what is no number is refused, by name', () => {
  for (const name of ['streamHeartbeatMs', 'idempotencyMs', 'maxBodyBytes', 'maxOpenStreams'] as const) {
    const make = () =>
      createSessionApi({ sessions: service(), identify: () => alice, [name]: '5000' as unknown as number })
    expect(make).toThrow(expect.objectContaining({ code: 'invalid', path: name }))
  }
  expect(() =>
    createSessionApi({ sessions: service(), identify: () => alice, idempotencyMs: 1500.5 }),
  ).toThrow(expect.objectContaining({ code: 'invalid', path: 'idempotencyMs' }))
  const codeMs = '5000' as unknown as number
  expect(() => service({ transfers: { codeMs } })).toThrow(
    expect.objectContaining({ code: 'invalid', path: 'transfers.codeMs' }),
  )
})
