import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { memoryStore, type Session, SessionError, type SessionsOptions } from '../../src/index.js'
import { alice, codeOf, service } from '../service.js'

afterEach(() => vi.restoreAllMocks())

const historyMs = 1000
const summarize = async () => 'in short: a secret'

/** A session whose history is over: two messages, a summary and a fact of them. */
async function over(options: SessionsOptions = {}) {
  let now = Date.now()
  vi.spyOn(Date, 'now').mockImplementation(() => now)
  const store = memoryStore({ clock: () => now })
  const sessions = service({ store, ttl: { historyMs, idleMs: Infinity, absoluteMs: Infinity }, ...options })
  const mine = sessions.for(alice)
  const session = await mine.create({ preferences: { kept: true } })
  await session.append([
    { role: 'user', content: `a secret ${'of old '.repeat(60)}` },
    { role: 'assistant', content: `a secret ${'of old '.repeat(60)}` },
  ])
  await session.compact({ keepTokens: 0, summarize })
  await session.remember({ text: 'has a secret', seq: 1 }, { text: 'likes tea' })
  now += historyMs + 1
  return { store, sessions, mine, session, pass: (ms: number) => void (now += ms) }
}

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const piece of pieces) text += piece
  return text
}

const bodyOf = async ({ store, session }: Awaited<ReturnType<typeof over>>) =>
  (await store.read({ tenantId: 'acme', id: session.id }))!.body

describe('a history that is over', () => {
  it.each([
    ['of the session', ({ session }) => session.export()],
    ['for people', ({ session }) => session.export({ format: 'markdown' })],
    ['of the user', ({ mine }) => mine.export()],
  ] as [string, (at: Awaited<ReturnType<typeof over>>) => AsyncIterable<string>][])(
    'is in no export %s',
    async (_, exported) => {
      const at = await over()
      expect(await textOf(exported(at))).not.toContain('secret')
    },
  )

  it('is exported as one that was trimmed, which an import takes', async () => {
    const { mine, session } = await over()
    const elsewhere = service().for(alice)
    const { imported, messages } = await elsewhere.import([await textOf(mine.export())])
    expect({ imported, messages }).toEqual({ imported: [session.id], messages: 0 })
    await (await elsewhere.get(session.id)).append({ role: 'user', content: 'new' })
    expect(await contentsOf(await elsewhere.get(session.id))).toEqual(['new'])
  })

  it.each([
    [
      'an answer to one of its messages',
      (session: Session) => session.turn(undefined, () => 'ok', { from: 1 }).result,
    ],
    ['an answer to its newest message', (session: Session) => session.turn(undefined, () => 'ok').result],
    ['a way back to one of its messages', (session: Session) => session.rewind(1)],
    ['a memory of one', (session: Session) => session.remember({ text: 'x', seq: 1 }, { scope: 'user' })],
  ])('comes back by no %s', async (_, call) => {
    const { session } = await over()
    expect(await codeOf(call(session))).toBe('invalid')
    expect(await session.allMessages()).toEqual([])
  })

  it('takes along what was made of it, and nothing else', async () => {
    const at = await over()
    await at.session.append({ role: 'user', content: 'new' })
    expect(await bodyOf(at)).not.toContain('secret')
    expect((await at.session.read()).facts.map(({ text }) => text)).toEqual(['likes tea'])
    expect(await at.session.preferences.get()).toEqual({ kept: true })
    expect(await contentsOf(at.session)).toEqual(['new'])
  })

  it('leaves its branches, but not those that go on after it', async () => {
    const { session, pass } = await over()
    pass(-historyMs)
    await session.rewind(1)
    pass(historyMs + 1)
    await session.append([
      { role: 'user', content: 'new' },
      { role: 'assistant', content: 'yes' },
    ])
    expect(await session.branches()).toEqual([])
    await session.rewind(3)
    expect((await session.branches()).map(({ path }) => path)).toEqual([[{ from: 3, to: 4 }]])
  })

  it('leaves a turn that begins with a new message alone', async () => {
    const at = await over()
    const { text } = await at.session.turn('new', async ({ context }) => {
      return JSON.stringify((await context({ maxTokens: 1000 })).messages)
    }).result
    expect(text).not.toContain('secret')
    expect((await contentsOf(at.session))[0]).toBe('new')
    expect(await bodyOf(at)).not.toContain('secret')
  })

  it('leaves the store with the next sweep', async () => {
    const at = await over()
    expect(await at.sessions.sweep({ tenants: ['acme'] })).toBe(1)
    const { messages } = (await at.store.read({ tenantId: 'acme', id: at.session.id }, { tail: 9 }))!
    expect(messages).toEqual([])
    expect(await bodyOf(at)).not.toContain('secret')
    expect(await at.session.preferences.get()).toEqual({ kept: true })
    expect(at.sessions.events.filter(({ type }) => type === 'history.expired')).toMatchObject([
      { throughSeq: 2 },
    ])
    expect(await at.sessions.sweep({ tenants: ['acme'] })).toBe(0)
  })

  it('stays in a sweep where somebody wrote just now', async () => {
    const at = await over()
    at.pass(-1)
    expect(await at.sessions.sweep({ tenants: ['acme'] })).toBe(0)
    expect(await at.session.allMessages()).toHaveLength(2)
  })
})

it.each([3_600_000, -3_600_000])(
  'a process that only reads, and whose clock is %i ms off, takes no other history for over',
  async (offMs) => {
    let now = Date.now()
    const store = memoryStore({ clock: () => now })
    vi.spyOn(Date, 'now').mockImplementation(() => now + offMs)
    const ttl = { historyMs }
    const { id } = await service({ store, ttl })
      .for(alice)
      .create({ messages: [{ role: 'user', content: 'Hi' }] })
    const seen = async () => contentsOf(await service({ store, ttl }).for(alice).get(id))
    expect(await seen()).toEqual(['Hi'])
    now += historyMs + 1
    expect(await seen()).toEqual([])
  },
)

it('a process that may only read goes by its own clock, and asks once a minute', async () => {
  const inner = memoryStore()
  const ttl = { historyMs: 60_000 }
  const { id } = await service({ store: inner, ttl })
    .for(alice)
    .create({ messages: [{ role: 'user', content: 'Hi' }] })
  let asked = 0
  const commit = async (): Promise<never> => {
    asked++
    throw new SessionError('store_failed', 'only reads')
  }
  const reader = await service({ store: { ...inner, commit }, ttl })
    .for(alice)
    .get(id)
  for (let time = 0; time < 3; time++) expect(await contentsOf(reader)).toEqual(['Hi'])
  expect(asked).toBe(1)
  const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_001)
  onTestFinished(() => clock.mockRestore())
  for (let time = 0; time < 3; time++) await contentsOf(reader)
  expect(asked).toBe(2)
})

const contentsOf = async (session: Session) => (await session.allMessages()).map(({ content }) => content)

it('has a message that is said again under its id said anew, once', async () => {
  const { mine, session, pass } = await over()
  const greeting = { id: 'greeting', role: 'assistant', content: 'How can I help?' } as const
  const other = await mine.get(session.id)
  for (const append of [
    async () => session.append(greeting),
    async () => mine.append(session.id, [greeting, { ...greeting, id: 'second' }]),
  ]) {
    const [first, ...others] = await append()
    expect([first, ...others].map((message) => message!.inserted)).not.toContain(false)
    expect((await append())[0]).toMatchObject({ seq: first!.seq, inserted: false })
    expect((await other.history()).messages.map(({ id }) => id)).toContain('greeting')
    pass(historyMs + 1)
    expect((await other.history()).messages).toEqual([])
  }
  const told = await session.append(greeting)
  expect(told).toMatchObject([{ inserted: true }])
  expect((await other.history()).messages).toMatchObject([{ id: 'greeting', seq: told[0]!.seq }])
})

async function nextAfter(session: Session, after?: string) {
  for await (const update of session.subscribe(after === undefined ? {} : { after })) return update
  throw new Error('nothing was told')
}

describe('a history whose turn takes longer than it lasts', () => {
  /** A turn that has begun, and goes on for longer than the history lasts until it is let go. */
  async function answered() {
    const at = await over()
    at.pass(-historyMs)
    const { id: before } = await nextAfter(at.session)
    let go = (): void => {}
    const waits = new Promise<void>((resolve) => (go = resolve))
    const turn = at.session.turn('a secret?', async ({ context }) => {
      await waits
      return JSON.stringify((await context({ maxTokens: 1000 })).messages)
    })
    await turn.started
    at.pass(historyMs + 1)
    return { ...at, before, turn, go }
  }

  it('is what the model is shown, and stays with the reply', async () => {
    const { session, turn, go } = await answered()
    go()
    expect((await turn.result).text).toContain('a secret?')
    expect(await session.allMessages()).toHaveLength(4)
    expect(await session.branches()).toEqual([])
  })

  it('is shown meanwhile to everybody', async () => {
    const { mine, session, before, turn, go } = await answered()
    expect((await session.history()).messages).toHaveLength(3)
    expect(await session.allMessages()).toHaveLength(3)
    expect((await session.info()).messages.total).toBe(3)
    expect((await mine.search({ text: 'secret' })).items).toHaveLength(3)
    expect(await textOf(session.export())).toContain('secret')
    expect(await textOf(session.export({ format: 'markdown' }))).toContain('secret')
    expect((await nextAfter(session, before)).type).toBe('message')
    go()
    await turn.result
  })

  it('is not dropped by what another device says meanwhile', async () => {
    const { mine, session, turn, go } = await answered()
    await (await mine.get(session.id)).append({ role: 'user', content: 'hurry' })
    go()
    expect((await turn.result).text).toContain('a secret?')
    expect(await session.allMessages()).toHaveLength(5)
  })

  it('is over as any other when nobody answers any more', async () => {
    const { session, pass, turn, go } = await answered()
    pass(30_000)
    expect((await session.history()).messages).toEqual([])
    go()
    await turn.result.catch(() => {})
  })
})
