import { afterEach, expect, it, vi } from 'vitest'
import { type ExecuteOnceOptions, executeOnce } from '../../src/http/idempotency.js'
import { memoryStore, SessionError, type SessionStore } from '../../src/index.js'
import { createService } from '../../src/service/service.js'
import { codeOf, startGate } from '../service.js'

const tenantId = 'acme'
const key = 'k'.repeat(32)
const dayMs = 24 * 3_600_000

/** A service on a store with a clock of the test, and its keyed requests. */
function open(inner?: SessionStore) {
  let now = 1_700_000_000_000
  const store = inner ?? memoryStore({ clock: () => now })
  const service = createService({ store })
  const seeds: string[] = []
  const retries: boolean[] = []
  const send = (execute: () => Promise<Response> | Response, more: Partial<ExecuteOnceOptions> = {}) =>
    executeOnce({
      service,
      tenantId,
      scope: 'a request',
      key,
      content: 'content',
      about: {},
      keepMs: dayMs,
      execute: async (seed, isRetry) => {
        seeds.push(seed)
        retries.push(isRetry)
        return execute()
      },
      ...more,
    })
  const kept = async () => (await store.list({ tenantId: '~requests:acme', limit: 10 })).items
  const later = (ms: number) => void (now += ms)
  return { store, send, kept, later, seeds, retries }
}

const never = (): never => expect.fail('executed')
const plain = (response: Response) => Object.fromEntries(response.headers)

afterEach(() => {
  vi.useRealTimers()
})

it('answers a repeat with what was answered first, and keeps no credential that the store shows', async () => {
  const { send, store, kept } = open()
  const answer = () => {
    const headers = new Headers({ 'content-type': 'text/x', etag: '"1"', location: '/a', 'x-other': 'o' })
    headers.append('set-cookie', 'one=opens')
    headers.append('set-cookie', 'two=opens')
    headers.set('x-session-id', 'opens')
    return new Response('made', { status: 201, headers })
  }
  const first = await send(answer)
  expect([first.status, await first.text(), first.headers.get('x-other')]).toEqual([201, 'made', 'o'])
  expect(first.headers.get('idempotency-replayed')).toBeNull()
  const again = await send(never)
  expect([again.status, await again.text()]).toEqual([201, 'made'])
  expect(again.headers.getSetCookie()).toEqual(['one=opens', 'two=opens'])
  again.headers.delete('set-cookie')
  expect(plain(again)).toEqual({
    'content-type': 'text/x',
    etag: '"1"',
    location: '/a',
    'x-session-id': 'opens',
    'idempotency-replayed': 'true',
  })
  const [item] = await kept()
  const { body } = (await store.read(item!))!
  expect(body).toContain('made')
  expect(body).not.toContain('opens')
})

it('keeps an answer that holds a secret sealed, and so what was asked', async () => {
  const { send, store, kept } = open()
  const content = JSON.stringify({ code: '123456' })
  const isSecret = { isSecret: true, content }
  await send(() => new Response('the secret'), isSecret)
  expect(await (await send(never, isSecret)).text()).toBe('the secret')
  const [item] = await kept()
  const { body } = (await store.read(item!))!
  for (const word of ['the secret', '123456']) expect(body).not.toContain(word)
  expect(await codeOf(send(never, { ...isSecret, content: 'other' }))).toBe('key_reused')
})

it('takes another content under the same key for another request', async () => {
  const { send, seeds } = open()
  await send(() => new Response('one'))
  await expect(send(never, { content: 'other' })).rejects.toMatchObject({
    code: 'key_reused',
    path: 'Idempotency-Key',
  })
  await send(() => new Response('two'), { scope: 'another request' })
  expect(new Set(seeds).size).toBe(2)
})

it.each([
  ['is refused', () => new Response('no', { status: 400 })],
  ['fails', () => Promise.reject(new Error('down'))],
])('keeps nothing of a request that %s, and executes the next one anew', async (_, execute) => {
  const { send, kept, seeds, retries } = open()
  const outcome = await send(execute).then(
    (response) => response.text(),
    (error: Error) => error.message,
  )
  expect(outcome).toMatch(/^no|down$/)
  expect(await kept()).toEqual([])
  expect(await (await send(() => new Response('yes', { status: 399 }))).text()).toBe('yes')
  expect(await (await send(never)).text()).toBe('yes')
  expect(new Set(seeds).size).toBe(2)
  expect(retries).toEqual([false, false])
})

it('refuses what it is told to refuse, unless it was executed before', async () => {
  const { send, kept } = open()
  const refusal = new SessionError('not_found', 'gone')
  expect(await codeOf(send(never, { refusal }))).toBe('not_found')
  expect(await kept()).toEqual([])
  await send(() => new Response('done'))
  expect(await (await send(never, { refusal })).text()).toBe('done')
})

it('keeps an answer with whom it is about, and no longer than it is told', async () => {
  const { send, kept, later, seeds } = open()
  const about = { userId: 'alice', label: 'a session' }
  await send(() => new Response('done'), { about })
  expect(await kept()).toMatchObject([about])
  later(dayMs - 1)
  expect(await (await send(never, { about })).text()).toBe('done')
  later(1)
  expect(await (await send(() => new Response('anew'), { about })).text()).toBe('anew')
  expect(new Set(seeds).size).toBe(2)
  // What makes a session is found by the seed that its id comes from.
  await send(() => new Response('made'), { scope: 'another' })
  expect((await kept()).map(({ label }) => label).toSorted()).toEqual(['a session', `made ${seeds[2]}`])
})

it('executes one of two that come at once, and has the other wait for its answer', async () => {
  const { send, seeds } = open()
  const [gate, begun] = [startGate(), startGate()]
  const execute = async () => {
    begun.open()
    await gate.opened
    return new Response('one')
  }
  const replies = [send(execute), send(execute)]
  await begun.opened
  gate.open()
  expect(await Promise.all(replies.map(async (reply) => (await reply).text()))).toEqual(['one', 'one'])
  const replayed = await Promise.all(
    replies.map(async (reply) => (await reply).headers.get('idempotency-replayed')),
  )
  expect(replayed.toSorted()).toEqual([null, 'true'])
  expect(seeds).toHaveLength(1)
})

it('waits thirty seconds, and says that it is still being executed', async () => {
  const inner = memoryStore()
  const [gate, begun] = [startGate(), startGate()]
  const reads = { count: 0 }
  const { send } = open({
    ...inner,
    read: async (ref, options) => {
      const stored = await inner.read(ref, options)
      if (ref.tenantId === '~requests:acme') reads.count++
      return stored
    },
  })
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearInterval', 'performance'] })
  const first = send(async () => {
    begun.open()
    await gate.opened
    return new Response('one')
  })
  await begun.opened
  let refused: unknown
  const second = send(never).catch((error: unknown) => (refused = error))
  // The first has looked, the second too, and now it looks again.
  while (reads.count < 3) {
    await vi.advanceTimersByTimeAsync(20)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await vi.advanceTimersByTimeAsync(29_000)
  expect(refused).toBeUndefined()
  await vi.advanceTimersByTimeAsync(2_000)
  await second
  expect(refused).toMatchObject({ code: 'request_in_progress' })
  gate.open()
  expect(await (await first).text()).toBe('one')
})

it('executes it again with the same seed when its process has died, and not a moment before', async () => {
  // The first process says no more that it lives.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const { send, later, seeds, retries } = open()
  const [gate, begun] = [startGate(), startGate()]
  const dead = send(async () => {
    begun.open()
    await gate.opened
    return new Response('late')
  })
  await begun.opened
  later(29_999)
  const living = send(() => new Response('again'))
  const turns = async () => {
    for (let n = 0; n < 20; n++) await new Promise((resolve) => setImmediate(resolve))
  }
  await turns()
  expect(seeds).toHaveLength(1)
  later(1)
  // Another one need not wait for its next look at the clock.
  expect(await (await send(() => new Response('again'))).text()).toBe('again')
  expect(await (await living).text()).toBe('again')
  expect(retries).toEqual([false, true])
  expect(seeds[1]).toBe(seeds[0])
  gate.open()
  // It gets its own answer, and everybody after it the one that is kept.
  expect(await (await dead).text()).toBe('late')
  expect(await (await send(never)).text()).toBe('again')
})

it('executes again, with the same seed, what has an answer too long to keep', async () => {
  const { send, store, kept, seeds, retries } = open()
  const long = 'x'.repeat(131_072)
  for (let n = 0; n < 2; n++) expect(await (await send(() => new Response(long))).text()).toBe(long)
  expect(retries).toEqual([false, true])
  expect(seeds[1]).toBe(seeds[0])
  const [item] = await kept()
  expect((await store.read(item!))!.body.length).toBeLessThan(1000)
})

it('gives the answer to its caller also where it cannot be kept', async () => {
  const inner = memoryStore()
  let commits = 0
  const { send } = open({
    ...inner,
    commit: async (ref, change) => {
      if (++commits > 1) throw new SessionError('unavailable', 'down')
      return inner.commit(ref, change)
    },
  })
  expect(await (await send(() => new Response('done'))).text()).toBe('done')
  expect(commits).toBe(2)
})
