import { expect, it } from 'vitest'
import { maxPageBytes } from '../../src/contract/page-bytes.js'
import { memoryStore, SessionError, type SessionsOptions, type SessionStore } from '../../src/index.js'
import { alice, anonymous, codeOf, service } from '../service.js'

type Change = Parameters<SessionStore['commit']>[1]
type Commit = (commit: () => ReturnType<SessionStore['commit']>) => ReturnType<SessionStore['commit']>

/** A service whose commits are told, and of which the n-th goes another way. */
function open(ways: Record<number, Commit> = {}, options: SessionsOptions = {}) {
  const inner = memoryStore()
  const commits: Change[] = []
  const calls: string[] = []
  let isDown = false
  const store: SessionStore = {
    ...inner,
    commit: async (ref, change) => {
      calls.push('commit')
      commits.push(change)
      const way = ways[commits.length]
      const commit = () => inner.commit(ref, change)
      return way === undefined ? commit() : way(commit)
    },
    read: async (ref, asked) => {
      if (ref.tenantId === 'acme') calls.push('read')
      if (isDown) throw new SessionError('unavailable', 'down')
      return inner.read(ref, asked)
    },
  }
  const mine = service({ store, countTokens: () => 1, ...options }).for(alice)
  return { inner, mine, commits, calls, goDown: () => void (isDown = true) }
}

const ref = { tenantId: 'acme', id: 'one' }
const said = (count: number, content = 'x') =>
  Array.from({ length: count }, () => ({ role: 'user' as const, content }))
const groups = (commits: readonly Change[]) => commits.map(({ messages }) => messages?.length)
const lost = async (commit: () => Promise<unknown>): Promise<never> => {
  await commit()
  throw new SessionError('unknown_outcome', 'The answer is lost.')
}
const lostUnapplied = () => lost(async () => {})
const fail =
  (...given: ConstructorParameters<typeof SessionError>): Commit =>
  () =>
    Promise.reject(new SessionError(...given))

it.each([
  [0, [0]],
  [1000, [1000]],
  [1001, [1000, 1]],
  [2001, [1000, 1000, 1]],
])('stores %i messages in pages, and nobody’s until they are complete', async (count, expected) => {
  const { mine, commits } = open({}, { ttl: { idleMs: 3_600_000, absoluteMs: 7_200_000 } })
  const session = await mine.create({ id: 'one', title: 'T', label: 'l', messages: said(count) })
  expect(groups(commits)).toEqual(expected)
  const last = { userId: 'alice', title: 'T', label: 'l', idleMs: 3_600_000, absoluteMs: 7_200_000 }
  expect(commits.at(-1)).toMatchObject(last)
  for (const before of commits.slice(0, -1)) {
    const { idleMs, absoluteMs, userId, title, label } = before
    expect({ idleMs, absoluteMs, userId, title, label }).toEqual({ idleMs: 60_000 })
  }
  expect(session.record).toMatchObject({ lastSeq: count, userId: 'alice', title: 'T', label: 'l' })
})

it('keeps a session that is to have no deadline for a century once all of its messages are stored, and for a minute before', async () => {
  const ttl = { idleMs: Infinity, absoluteMs: Infinity }
  for (const [own, usual] of [
    [{ ttl }, {}],
    [{}, { ttl }],
  ]) {
    const { mine, commits } = open({}, usual)
    const { record } = await mine.create({ ...own, messages: said(1001) })
    const centuryMs = 36_525 * 86_400_000
    expect(record.expiresAt).toBe(record.updatedAt + centuryMs)
    expect(commits.map(({ idleMs, absoluteMs }) => [idleMs, absoluteMs])).toEqual([
      [60_000, undefined],
      [centuryMs, undefined],
    ])
    expect(record.lifetime?.idleMs).toBe(own?.ttl === undefined ? undefined : centuryMs)
    // Those that fit one commit are never half made.
    const whole = await mine.create({ ...own, messages: said(1000) })
    expect(whole.record.expiresAt).toBeUndefined()
  }
})

it('gives a session the lifetime of its own', async () => {
  const { mine, commits } = open({}, { ttl: { idleMs: 3_600_000 } })
  const { record } = await mine.create({ ttl: { idleMs: 60_000 } })
  expect(commits).toMatchObject([{ idleMs: 60_000, lifetime: { idleMs: 60_000 } }])
  expect(record.expiresAt).toBe(record.updatedAt + 60_000)
  const usual = await mine.create()
  expect(usual.record).not.toHaveProperty('lifetime')
  expect(commits[1]).not.toHaveProperty('lifetime')
})

it('puts as many messages into a page as its bytes have room for', async () => {
  const limits = { maxMessageLength: maxPageBytes * 2 }
  const payloadOf = async (length: number) => {
    const { mine, commits } = open({}, { limits })
    await mine.create({ messages: said(1, 'x'.repeat(length)) })
    return commits[0]!.messages![0]!.payload.length
  }
  const overhead = (await payloadOf(1000)) - 1000
  const fourth = 'x'.repeat(maxPageBytes / 4 - overhead)
  for (const [messages, expected] of [
    [said(5, fourth), [4, 1]],
    [
      [...said(3, fourth), ...said(1, `${fourth}x`), ...said(4, fourth)],
      [3, 3, 2],
    ],
    [
      [...said(1, fourth.repeat(5)), ...said(1)],
      [1, 1],
    ],
  ] as const) {
    const { mine, commits } = open({}, { limits })
    await mine.create({ messages })
    expect(groups(commits)).toEqual(expected)
  }
})

it('leaves nothing of a session whose messages did not all come in, and touches nobody else’s', async () => {
  const refusal = fail('store_failed', 'no')
  const { mine, inner } = open({ 2: refusal })
  expect(await codeOf(mine.create({ id: 'one', messages: said(1001) }))).toBe('store_failed')
  expect(await inner.read(ref)).toBeUndefined()
  const other = open({
    2: async () => {
      await other.inner.remove(ref)
      await other.inner.commit(ref, { revision: 0, body: 'of somebody else' })
      throw new SessionError('store_failed', 'no')
    },
  })
  expect(await codeOf(other.mine.create({ id: 'one', messages: said(1001) }))).toBe('store_failed')
  expect((await other.inner.read(ref))?.body).toBe('of somebody else')
})

it('tries a creation again whose answer was lost, each time as another session', async () => {
  const { mine, commits, calls } = open({ 1: lostUnapplied, 2: lost })
  const { record } = await mine.create({ id: 'one' })
  expect(calls).toEqual(['commit', 'commit', 'commit', 'read'])
  expect(new Set(commits.map(({ incarnation }) => incarnation)).size).toBe(3)
  expect(record.incarnation).toBe(commits[1]!.incarnation)
})

it('makes a draft under the name that its credential has', async () => {
  const { mine, commits } = open()
  const draft = mine.draft()
  expect(draft.record.userId).toBe('alice')
  const nobodys = service().for(anonymous).draft()
  expect(nobodys.record).not.toHaveProperty('userId')
  const credential = await draft.credential()
  await draft.append(said(1)[0]!)
  expect((await mine.findByCredential(credential))?.record.incarnation).toBe(commits[0]!.incarnation)
})

it.each([
  ['taken, at the first try', { 1: fail('conflict', 'taken') }, 'conflict', ['commit']],
  ['full, after a try that was lost', { 1: lost, 2: fail('limit_reached', 'full') }, 'limit_reached', 2],
  ['away, after a try that was lost', { 1: lost, 2: fail('unavailable', 'down') }, 'unknown_outcome', 2],
  [
    'refused for a message, after a try that was lost',
    { 1: lost, 2: fail('conflict', 'known', { messageId: 'm' }) },
    'conflict',
    2,
  ],
] as [string, Record<number, Commit>, string, number | string[]][])(
  'asks for no session that it may have made where its id is %s',
  async (_, ways, code, made) => {
    const { mine, calls } = open(ways)
    expect(await codeOf(mine.create({ id: 'one' }))).toBe(code)
    expect(calls).toEqual(typeof made === 'number' ? Array(made).fill('commit') : made)
  },
)

it('does not know what became of a creation when it cannot look, and that it is not its own when it is gone', async () => {
  const blind = open({ 1: lost })
  blind.goDown()
  expect(await codeOf(blind.mine.create({ id: 'one' }))).toBe('unknown_outcome')
  const gone = open({ 1: lostUnapplied, 2: fail('conflict', 'taken') })
  expect(await codeOf(gone.mine.create({ id: 'one' }))).toBe('conflict')
})

it.each([
  ['label', { label: 'x'.repeat(201) }],
  ['title', { title: 'x'.repeat(201) }],
  ['state', { state: [] }],
  ['preferences', { preferences: [] }],
  ['cart[1]', { cart: [{ sku: 'a', name: 'A', price: { amount: 1, currency: 'USD' } }, {}] }],
  ['ttl.idleMs', { ttl: { idleMs: -1 } }],
])('names what is wrong with the beginning of a session: %s', async (path, init) => {
  const { mine, calls } = open()
  const refused = await mine.create(init as never).then(
    () => undefined,
    (error: unknown) => error as SessionError,
  )
  expect(refused?.code).toMatch(/^invalid|too_large$/)
  expect(refused?.path?.startsWith(path)).toBe(true)
  expect(calls).toEqual([])
})

it.each([
  ['messages', { maxMessages: 3 }, said(4), 'limit_reached'],
  ['messages of several commits', { maxMessages: 1500 }, said(1501), 'limit_reached'],
  ['bytes', { maxSessionBytes: 2000 }, said(3, 'y'.repeat(800)), 'too_large'],
])('makes no session past the limits of a session: %s', async (_, limits, messages, code) => {
  const { mine, inner } = open({}, { limits })
  await expect(mine.create({ id: 'one', messages })).rejects.toMatchObject({ code, path: 'messages' })
  await expect(mine.open('one', { messages })).rejects.toMatchObject({ code })
  expect(await inner.read(ref)).toBeUndefined()
  await mine.create({ id: 'one', messages: messages.slice(1, -1) })
})

it('forks a session that an answer took past the limits', async () => {
  const { mine } = open({}, { limits: { maxMessages: 2, maxSessionBytes: 3000 } })
  const session = await mine.create({ id: 'one', messages: said(1) })
  await session.turn(undefined, () => 'z'.repeat(4000)).result
  const { messages } = await (await mine.fork(session)).history()
  expect(messages).toHaveLength(2)
})
