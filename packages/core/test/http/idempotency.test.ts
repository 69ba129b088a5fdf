import { afterEach, expect, it, vi } from 'vitest'
import { type ExecuteOnceOptions, executeOnce } from '../../src/http/idempotency.js'
import {
  createSessions,
  memoryStore,
  SessionError,
  type SessionsOptions,
  type SessionStore,
} from '../../src/index.js'
import { createService } from '../../src/service/service.js'
import { codeOf, startGate } from '../service.js'

const tenantId = 'acme'
const key = 'k'.repeat(32)
const dayMs = 24 * 3_600_000

/** A service on a store with a clock of the test, and its keyed requests. */
function open(inner?: SessionStore, options: SessionsOptions = {}) {
  let now = 1_700_000_000_000
  const store = inner ?? memoryStore({ clock: () => now })
  const service = createService({ store, ...options })
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
  vi.restoreAllMocks()
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
    message: expect.stringContaining('used for another request'),
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
  const reads = { count: 0, ofTime: 0 }
  const { send } = open({
    ...inner,
    read: async (ref, options) => {
      const stored = await inner.read(ref, options)
      if (ref.tenantId === '~requests:acme') reads.count++
      return stored
    },
    commit: (ref, change) => {
      if (ref.tenantId === '~clock:acme') reads.ofTime++
      return inner.commit(ref, change)
    },
  })
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearInterval', 'performance'] })
  const pauses = vi.spyOn(globalThis, 'setTimeout')
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
  reads.ofTime = 0
  await vi.advanceTimersByTimeAsync(29_000)
  expect(refused).toBeUndefined()
  await vi.advanceTimersByTimeAsync(2_000)
  await second
  expect(refused).toMatchObject({ code: 'request_in_progress', message: expect.stringContaining('executed') })
  // It looks again less and less often, and asks for the store's time every five seconds.
  // On a busy machine timers of others are seen too, which are shorter, or as long as the longest.
  const waited = pauses.mock.calls.map(([, ms]) => Number(ms)).filter((ms) => ms >= 20)
  const growing = waited.filter((ms) => ms < 500)
  expect(growing).toEqual([20, 30, 45, 67.5, 101.25, 151.875, 227.8125, 341.71875])
  expect(Math.max(...waited)).toBe(500)
  expect(reads.ofTime).toBe(6)
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

it('is begun, and taken over, by one of two, and begun anew when it is gone by then', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  let now = 1_700_000_000_000
  const inner = memoryStore({ clock: () => now })
  let before: (() => Promise<unknown>) | undefined
  const times = new Set<number | undefined>()
  const { send, seeds, retries } = open({
    ...inner,
    commit: async (ref, change) => {
      if (ref.tenantId !== '~requests:acme') return inner.commit(ref, change)
      times.add(change.idleMs)
      const first = before
      before = undefined
      await first?.()
      return inner.commit(ref, change)
    },
  })
  const leave = async (scope: string) => {
    const begun = startGate()
    void send(() => (begun.open(), new Promise<Response>(() => {})), { scope })
    await begun.opened
    now += 30_000
  }
  let other: Response | undefined
  before = async () => (other = await send(() => new Response('first'), { scope: 'one' }))
  expect(await (await send(never, { scope: 'one' })).text()).toBe('first')
  expect(await other?.text()).toBe('first')
  retries.length = seeds.length = 0
  await leave('two')
  before = async () => (other = await send(() => new Response('other'), { scope: 'two' }))
  expect(await (await send(never, { scope: 'two' })).text()).toBe('other')
  expect(await other?.text()).toBe('other')
  expect(retries).toEqual([false, true])
  await leave('gone')
  before = async () => {
    const { items } = await inner.list({ tenantId: '~requests:acme', limit: 10 })
    for (const item of items) await inner.remove(item)
  }
  expect(await (await send(() => new Response('anew'), { scope: 'gone' })).text()).toBe('anew')
  expect(retries).toEqual([false, true, false, false])
  expect(seeds[3]).not.toBe(seeds[2])
  expect([...times]).toEqual([dayMs])
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

it('keeps an answer of 128 KiB with what it is kept with, and none that is longer', async () => {
  const { send, store, kept } = open()
  await send(() => new Response('x'))
  const [item] = await kept()
  const { changes: _, ...entry } = JSON.parse((await store.read(item!))!.body) as Record<string, unknown>
  const room = 131_072 - JSON.stringify(entry).length + 1
  for (const [length, isKept] of [
    [room, true],
    [room + 1, false],
  ] as const) {
    const scope = `of ${length}`
    await send(() => new Response('x'.repeat(length)), { scope })
    const again = await send(() => new Response('again'), { scope })
    expect(await again.text()).toBe(isKept ? 'x'.repeat(length) : 'again')
  }
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

it('says that it lives until it has answered, and goes on when it cannot say so', async () => {
  const inner = memoryStore()
  const commits: object[] = []
  let isDown = false
  const { send } = open({
    ...inner,
    commit: async (ref, change) => {
      commits.push(change)
      if (isDown) throw new SessionError('unavailable', 'down')
      return inner.commit(ref, change)
    },
  })
  for (const answer of [() => new Response('done'), () => Promise.reject(new Error('failed'))]) {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const [gate, begun] = [startGate(), startGate()]
    const execute = async () => {
      begun.open()
      await gate.opened
      return answer()
    }
    const sent = send(execute, { scope: String(answer) }).catch((error: unknown) => error)
    await begun.opened
    commits.length = 0
    vi.advanceTimersByTime(7_499)
    expect(commits).toEqual([])
    vi.advanceTimersByTime(1)
    expect(commits).toEqual([{ idleMs: dayMs }])
    isDown = true
    vi.advanceTimersByTime(7_500)
    expect(commits).toHaveLength(2)
    isDown = false
    gate.open()
    await sent
    commits.length = 0
    vi.advanceTimersByTime(60_000)
    expect(commits).toEqual([])
  }
})

it('executes nothing for a user who was erased, and lets the erasure have its last word when it comes meanwhile', async () => {
  const store = memoryStore()
  const told: string[] = []
  const afterErase = [async ({ userId }: { userId: string }) => void told.push(userId)]
  const options = { credentialSecrets: ['a secret that only these tests may know'], privacy: { afterErase } }
  const { privacy } = createSessions({ store, ...options })
  const { send, kept } = open(store, options)
  const asked = (userId: string) => ({ tenantId, userId, by: userId, reason: 'asked' })
  for (const [userId, answer] of [
    ['alice', () => new Response('no', { status: 500 })],
    ['bob', () => Promise.reject(new Error('failed'))],
  ] as const) {
    const more = { about: { userId }, scope: userId }
    await codeOf(send(async () => (await privacy.erase(asked(userId)), answer()), more))
    expect(told.splice(0)).toEqual([userId, userId])
    expect(await codeOf(send(never, more))).toBe('user_erased')
  }
  expect(await kept()).toEqual([])
})
