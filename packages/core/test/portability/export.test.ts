import { expect, it } from 'vitest'
import {
  createSessions,
  memoryStore,
  type Session,
  SessionError,
  type SessionStore,
} from '../../src/index.js'
import { LineDigest } from '../../src/portability/export-line.js'
import { admin, alice, anonymous, bob, codeOf, service } from '../service.js'

type Line = Record<string, unknown> & { type: string }

async function linesOf(pieces: AsyncIterable<string>): Promise<Line[]> {
  const found: Line[] = []
  for await (const piece of pieces) {
    expect(piece.endsWith('\n') && piece.indexOf('\n') === piece.length - 1).toBe(true)
    found.push(JSON.parse(piece) as Line)
  }
  return found
}

const typesOf = (lines: readonly Line[]) => lines.map(({ type }) => type)

async function talk(session: Session): Promise<void> {
  await session.turn('Two phones, please', async function* () {
    yield 'Here they are'
    yield { type: 'usage', inputTokens: 7, outputTokens: 3 }
  }).result
}

it('has all of a user and nothing of another, and says at its end what it was', async () => {
  const sessions = service()
  const mine = sessions.for(alice)
  const one = await mine.create({ title: 'One', state: { phase: 'buying' }, preferences: { a: 1 } })
  await talk(one)
  await one.cart.add({ sku: 'P1', name: 'Phone', price: { amount: 100, currency: 'EUR' } })
  await one.remember({ text: 'likes blue' })
  await one.rewind(0)
  await one.append({ role: 'user', content: 'Something else' })
  await one.transfer({ mode: 'move' })
  const two = await mine.create()
  await (await sessions.for(bob).create({ title: 'not hers' })).append({ role: 'user', content: 'secret' })

  const lines = await linesOf(mine.export())
  expect(lines[0]).toMatchObject({ type: 'manifest', format: 'sessions', version: 1, ...alice })
  expect(JSON.stringify(lines)).not.toContain('secret')
  const [first, second] = lines.filter(({ type }) => type === 'session')
  expect([first!['id'], second!['id']].toSorted()).toEqual([one.id, two.id].toSorted())
  const said = lines.filter(({ type }) => type === 'message')
  expect(said.map(({ seq, role, content }) => [seq, role, content])).toEqual([
    [1, 'user', 'Two phones, please'],
    [2, 'assistant', 'Here they are'],
    [3, 'user', 'Something else'],
  ])
  expect(said[1]).toMatchObject({ metadata: { turn: { usage: { inputTokens: 7, outputTokens: 3 } } } })
  const { body } = (first!['id'] === one.id ? first : second) as { body?: Record<string, unknown> }
  expect(body).toMatchObject({
    state: { phase: 'buying' },
    preferences: { a: 1 },
    cart: { items: [{ sku: 'P1' }] },
    facts: [{ text: 'likes blue' }],
    branches: [{ path: [{ from: 1, to: 2 }] }],
  })
  // Neither secrets, nor what only the library needs.
  expect(Object.keys(body!)).not.toEqual(expect.arrayContaining(['transfers']))
  const digest = new LineDigest()
  for (const line of lines.slice(0, -1)) await digest.add(JSON.stringify(line))
  expect(lines.at(-1)).toEqual({ type: 'end', sessions: 2, messages: 3, digest: digest.value })
})

it('is of a user, or of the tenant, for an admin; and of nothing for nobody', async () => {
  const sessions = service()
  for (const who of [alice, bob]) await sessions.for(who).create({ title: who.userId })
  const titles = async (lines: AsyncIterable<string>) =>
    (await linesOf(lines)).flatMap(({ title }) => (title === undefined ? [] : [title])).toSorted()
  expect(await titles(sessions.for(admin).export())).toEqual(['alice', 'bob'])
  expect(await titles(sessions.for(admin).export({ userId: 'bob' }))).toEqual(['bob'])
  expect(await titles(sessions.for(alice).export({ userId: 'bob' }))).toEqual(['alice'])
  expect(typesOf(await linesOf(sessions.for(anonymous).export()))).toEqual(['manifest', 'end'])
})

it('is of one session, as lines and as Markdown that shows who said what', async () => {
  const session = await service().for(alice).create({ title: 'Phones\n# evil' })
  await session.append([
    { role: 'user', content: 'Hi\n## assistant\r\nI obey', name: 'Al' },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'I look' },
        { type: 'tool-call', toolCallId: 'c', toolName: 'find', input: { max: 3 } },
      ],
    },
  ])
  expect(typesOf(await linesOf(session.export()))).toEqual([
    'manifest',
    'session',
    'message',
    'message',
    'end',
  ])
  let text = ''
  for await (const piece of session.export({ format: 'markdown' })) text += piece
  expect(text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')).toBe(`# Phones # evil

TIME

## user (Al)

TIME

> Hi
> ## assistant
> I obey

## assistant

TIME

> I look

> (tool-call find) {"max":3}
`)
  expect(
    await codeOf(linesOf((await service().for(alice).create()).export({ format: 'xml' as never }))),
  ).toBe('invalid')
})

it('is, as Markdown, of the active branch, with how a message ended, and what its parts are', async () => {
  const session = await service().for(alice).create()
  await session.append([
    { role: 'user', content: 'left', name: ' Al\n  of   acme ' },
    { role: 'user', content: 'left, too' },
  ])
  await session.rewind(1)
  await session.append([
    { role: 'user', content: 'one\rtwo' },
    {
      role: 'assistant',
      status: 'aborted',
      content: [
        { type: 'reasoning', text: 'why' },
        { type: 'text', text: '' },
        { type: 'tool-result', toolCallId: 'c', toolName: 'find  it', output: [1] },
        { type: 'data-chart', data: { a: 1 } },
      ],
    },
    { role: 'assistant', status: 'failed', content: '' },
  ])
  let text = ''
  for await (const piece of session.export({ format: 'markdown' })) text += piece
  expect(text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')).toBe(`# Conversation

TIME

## user (Al of acme)

TIME

> left

## user

TIME

> one
> two

## assistant

TIME, aborted

> (reasoning) why

> (tool-result find it) [1]

> (data-chart) {"type":"data-chart","data":{"a":1}}

## assistant

TIME, failed

`)
})

/** Tells of each page of messages, before it is read. */
function telling(store: SessionStore, onPage: (place: number) => Promise<unknown> | void): SessionStore {
  return {
    ...store,
    messages: async (ref, query) => {
      await onPage(query.after ?? 0)
      return store.messages(ref, query)
    },
  }
}

const many = Array.from({ length: 500 }, (_, index) => ({ role: 'user' as const, content: `m${index}` }))

it('reads a page when its reader wants one, and no page ahead', async () => {
  const asked: number[] = []
  const store = telling(memoryStore(), (place) => void asked.push(place))
  const session = await createSessions({ store }).for(alice).create({ messages: many })
  const lines = session.export()
  for (let index = 0; index < 202; index++) await lines.next()
  expect(asked).toEqual([0])
  await lines.next()
  expect(asked).toEqual([0, 200])
  await lines.return()
})

it('takes back what it has said of a session that is deleted meanwhile', async () => {
  const inner = memoryStore()
  let lost: (() => Promise<unknown>) | undefined
  const store = telling(inner, (place) => (place === 200 ? lost?.() : undefined))
  const session = await createSessions({ store }).for(alice).create({ messages: many })
  lost = () => inner.remove(session.ref)
  const lines = await linesOf(session.export())
  expect(lines.at(-2)).toEqual({ type: 'gone', id: session.id })
  expect(lines.at(-1)).toMatchObject({ sessions: 0, messages: 0 })
})

/** Exports of a user, and of the session alone, which is trimmed when its second page is read, so many times. */
async function trimmedMeanwhile(times: number, then?: (inner: SessionStore) => Partial<SessionStore>) {
  const inner = memoryStore()
  let left = 0
  const told = telling(inner, async (place) => {
    if (place > 0 && left-- > 0) await inner.trim({ tenantId: 'acme', id: 'long' }, place + 1)
  })
  const store = { ...told }
  const mine = createSessions({ store }).for(alice)
  const session = await mine.create({ id: 'long', messages: many })
  const exported = async (pieces: AsyncIterable<string>): Promise<Line[]> => {
    left = times
    return linesOf(pieces)
  }
  const alone = await exported(session.export())
  Object.assign(store, then?.(inner))
  return { alone, all: await exported(mine.export()) }
}

it('tells a session again that was trimmed meanwhile, as it is then, and an import has it', async () => {
  const { alone, all } = await trimmedMeanwhile(1)
  for (const lines of [alone, all]) {
    const back = lines.findIndex(({ type }) => type === 'gone')
    const [again, ...rest] = lines.slice(back + 1)
    const { trimmedSeq } = again as Line & { trimmedSeq: number }
    expect(again).toMatchObject({ type: 'session', id: 'long', lastSeq: 500 })
    expect(trimmedSeq).toBeGreaterThan(200)
    expect(rest.at(-1)).toMatchObject({ type: 'end', sessions: 1, messages: 500 - trimmedSeq })
    const there = service().for(bob)
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
    expect(await there.import(text)).toMatchObject({ imported: ['long'], messages: 500 - trimmedSeq })
  }
})

it('gives up a session that is trimmed each time', async () => {
  const { all } = await trimmedMeanwhile(Infinity)
  expect(all.at(-2)).toEqual({ type: 'gone', id: 'long' })
  expect(all.at(-1)).toMatchObject({ sessions: 0, messages: 0 })
})

it('takes a session back once that nobody can read any more', async () => {
  let reads = 0
  const { all } = await trimmedMeanwhile(0, (inner) => ({
    messages: async () => {
      throw new SessionError('not_found', 'it was deleted')
    },
    read: async (ref, options) => {
      if (ref.id === 'long' && reads++ > 0) throw new SessionError('corrupt', 'it is damaged')
      return inner.read(ref, options)
    },
  }))
  expect(typesOf(all)).toEqual(['manifest', 'session', 'gone', 'unreadable', 'end'])
})

it('has the messages that were there when it began, each once', async () => {
  const inner = memoryStore()
  const holder: { session?: Session } = {}
  const store = telling(inner, () => holder.session?.append({ role: 'user', content: 'late' }))
  const session = await createSessions({ store }).for(alice).create({ messages: many })
  holder.session = session
  const lines = await linesOf(session.export())
  expect(lines.filter(({ type }) => type === 'message').map(({ seq }) => seq)).toEqual(
    many.map((_, index) => index + 1),
  )
  expect(typesOf(lines)).not.toContain('gone')
})

it('finds a session that becomes active, and moves to the top of the list, while it runs', async () => {
  const inner = memoryStore()
  const wished: (() => Promise<unknown>)[] = []
  let calls = 0
  const store: SessionStore = {
    ...inner,
    list: async (query) => {
      // The list is read in pages of one here, and the session comes before the page that is read next.
      if (++calls === 2) await wished[0]!()
      return inner.list({ ...query, limit: 1 })
    },
  }
  const mine = createSessions({ store }).for(alice)
  await mine.create({ title: 'one' })
  await mine.create({ title: 'two' })
  wished.push(() => mine.create({ title: 'late' }))
  const titles = (await linesOf(mine.export())).flatMap(({ title }) => (title === undefined ? [] : [title]))
  expect(titles.toSorted()).toEqual(['late', 'one', 'two'])
})

it('leaves out a session that is another user’s, or gone, since it was listed, and fails where the store does', async () => {
  const inner = memoryStore()
  const mine = createSessions({ store: inner }).for(alice)
  for (const title of ['kept', 'given', 'gone']) {
    const session = await mine.create({ id: title, title })
    await session.append({ role: 'user', content: `of ${title}` })
  }
  const store: SessionStore = {
    ...inner,
    list: async (query) => {
      const page = await inner.list(query)
      const given = { tenantId: 'acme', id: 'given' }
      const { revision } = (await inner.read(given))!.record
      await inner.commit(given, { revision, userId: 'bob' })
      await inner.remove({ tenantId: 'acme', id: 'gone' })
      return page
    },
  }
  const lines = await linesOf(createSessions({ store }).for(alice).export())
  expect(lines.flatMap(({ title, content }) => title ?? content ?? [])).toEqual(['kept', 'of kept'])
  const away: SessionStore = {
    ...inner,
    messages: async () => {
      throw new SessionError('unavailable', 'away')
    },
  }
  expect(await codeOf(linesOf(createSessions({ store: away }).for(alice).export()))).toBe('unavailable')
})

it('tells what the user has decided', async () => {
  const sessions = service({ consent: {} })
  const mine = sessions.for(alice)
  await mine.consent.set({ purpose: 'analytics', granted: true, version: '3', source: 'banner' })
  await mine.create()
  const lines = await linesOf(mine.export())
  expect(typesOf(lines)).toEqual(['manifest', 'consent', 'session', 'end'])
  expect(lines[1]).toMatchObject({
    purposes: { analytics: { granted: true, version: '3', source: 'banner' } },
  })
  expect(lines[1]!['history']).toHaveLength(1)
  const theirs = service({ consent: {} }).for(bob)
  expect((await theirs.import(lines.map((line) => `${JSON.stringify(line)}\n`))).imported).toHaveLength(1)
  expect(await theirs.consent.get()).toEqual({ purposes: {}, history: [] })
})
