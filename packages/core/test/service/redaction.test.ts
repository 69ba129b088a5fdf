import { expect, it } from 'vitest'
import { memoryStore, type SessionEvent, type SessionsOptions, type SessionWarning } from '../../src/index.js'
import { alice, codeOf, service } from '../service.js'
import { dumpOf } from '../turn/store-dump.js'

const secret = /secret-\w+/g
const redact = (text: string): string => text.replaceAll(secret, '[gone]')
const asked: { text: string; role?: string; path: string }[] = []

function scene(options: SessionsOptions = {}) {
  const store = memoryStore()
  const warnings: SessionWarning[] = []
  const sessions = service({
    store,
    turns: { heartbeatMs: 20, flushMs: 5 },
    redact: (text, where) => {
      asked.push({ text, ...where })
      return redact(text)
    },
    onWarning: (warning) => warnings.push(warning),
    ...options,
  })
  return { store, warnings, sessions, mine: sessions.for(alice) }
}

it('stores nothing of what redact takes away, whatever the verb', async () => {
  const { store, mine } = scene({ context: { summarize: async () => 'they said secret-summary' } })
  const session = await mine.create({
    title: 'Title secret-a',
    label: 'chat',
    state: { deep: [{ text: 'secret-b' }], count: 3 },
    preferences: { mail: 'secret-c' },
    messages: [{ role: 'user', content: 'first secret-d', name: 'secret-e', metadata: { note: 'secret-f' } }],
  })
  await session.append([
    { role: 'user', content: [{ type: 'text', text: 'secret-g', cited: ['secret-h'] }] },
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'secret-i', signature: 'signed' },
        { type: 'tool-call', toolCallId: 'one', toolName: 'send', input: { to: ['secret-j'] } },
        { type: 'file', data: 'aGVsbG8=', mediaType: 'text/plain', filename: 'secret-k.txt' },
      ],
    },
    {
      role: 'tool',
      content: [{ type: 'tool-result', toolCallId: 'one', output: { rows: [{ mail: 'secret-l' }] } }],
    },
  ])
  await mine.append(session.id, { role: 'user', content: 'secret-m' })
  await session.edit({ title: 'Other secret-n' })
  await session.remember({ text: 'is called secret-o', subject: 'secret-p' })
  await session.preferences.merge({ phone: 'secret-q' })
  await session.state.merge({ address: { street: 'secret-r' } })
  await session.state.update((state) => ({ ...state, order: 'secret-s' }))
  const { messages } = await session.history()
  await session.amend(messages[0]!.seq, { content: 'amended secret-t' })
  await session.annotate(messages[0]!.seq, { comment: 'secret-u' })
  await session.compact({ keepTokens: 1, minTokens: 1 })
  await session.rewind(1, { append: { role: 'user', content: 'secret-v' } })
  const draft = mine.draft()
  await draft.state.merge({ text: 'secret-w' })

  expect(await dumpOf(store, 'acme')).not.toContain('secret-')
  const contents = await session.read()
  expect(session.record.title).toBe('Other [gone]')
  expect(contents.state).toEqual({
    deep: [{ text: '[gone]' }],
    count: 3,
    address: { street: '[gone]' },
    order: '[gone]',
  })
  expect(contents.facts[0]).toMatchObject({ text: 'is called [gone]', subject: '[gone]' })
  expect((await draft.read()).state).toEqual({ text: '[gone]' })
})

it('says whose text it is and where it stands', async () => {
  asked.length = 0
  const { mine } = scene()
  await mine.create({
    title: 'one',
    state: { a: { b: ['two'] } },
    messages: [
      { role: 'user', content: 'three', name: 'Al', metadata: { client: { os: 'four' } } },
      {
        role: 'assistant',
        content: [{ type: 'tool-call', toolCallId: 'x', toolName: 'send', input: { to: 'five' } }],
      },
    ],
  })
  expect(asked).toEqual([
    { text: 'two', path: 'state.a.b[0]' },
    { text: 'three', role: 'user', path: 'text' },
    { text: 'Al', role: 'user', path: 'name' },
    { text: 'four', role: 'user', path: 'metadata.client.os' },
    { text: 'five', role: 'assistant', path: 'input.to' },
    { text: 'one', path: 'title' },
  ])
})

it('counts tokens, compares repeats and tells events after redaction', async () => {
  const events: SessionEvent[] = []
  const counted: string[] = []
  const { mine } = scene({
    countTokens: ({ content }) => {
      counted.push(JSON.stringify(content))
      return 1
    },
    onEvent: (event) => events.push(event),
  })
  const session = await mine.create()
  const said = { role: 'user', content: 'my secret-1', id: 'm1' } as const
  expect((await session.append(said))[0]!.inserted).toBe(true)
  expect((await session.append({ ...said, content: 'my secret-2' }))[0]!.inserted).toBe(false)
  expect(await codeOf(session.append({ ...said, content: 'another' }))).toBe('conflict')
  expect(counted.join()).not.toContain('secret')
  expect(JSON.stringify(events)).not.toContain('secret')
})

it('asks again for nothing that stays in the state', async () => {
  const { mine } = scene()
  const session = await mine.create({ state: { kept: 'one', deep: { kept: 'two' } } })
  asked.length = 0
  await session.state.update((state) => ({ ...state, fresh: 'three' }))
  await session.state.merge({ deep: { fresh: 'four' } })
  expect(asked.map(({ text }) => text)).toEqual(['three', 'four'])
})

it.each([
  ['throws', () => Promise.reject(new Error('away'))],
  ['gives no text', () => undefined as never],
])('stores nothing when redact %s, and says why in the log alone', async (_, failing) => {
  let fails = false
  const { mine, store, warnings } = scene({ redact: (text) => (fails ? failing() : text) })
  const session = await mine.create({ title: 'whole', state: { a: 'whole' } })
  const draft = mine.draft()
  fails = true
  const before = await store.read(session.ref, { tail: 10 })
  const calls = [
    session.append({ role: 'user', content: 'lost' }),
    mine.append(session.id, { role: 'user', content: 'lost' }),
    session.edit({ title: 'lost' }),
    session.remember({ text: 'lost' }),
    session.preferences.merge({ a: 'lost' }),
    session.state.merge({ a: 'lost' }),
    session.turn('lost', () => 'never').result,
    draft.append({ role: 'user', content: 'lost' }),
    draft.state.merge({ a: 'lost' }),
    mine.create({ title: 'lost' }),
  ]
  expect(await Promise.all(calls.map(codeOf))).toEqual(calls.map(() => 'redaction_failed'))
  expect(await store.read(session.ref, { tail: 10 })).toEqual(before)
  expect((await mine.list()).items.map(({ id }) => id)).toEqual([session.id])
  expect(warnings).toHaveLength(calls.length)
  expect(warnings[0]).toMatchObject({ code: 'redact_failed', cause: expect.any(Error) })
})

it('leaves images and other bytes as they are, and asks about bytes with a text behind them', async () => {
  asked.length = 0
  const { mine } = scene()
  const data = 'aGVsbG8g'.repeat(100)
  const session = await mine.create()
  await session.append({
    role: 'user',
    content: [
      { type: 'file', mediaType: 'image/png', data },
      { type: 'image_url', url: `data:image/png;base64,${data}` },
      { type: 'file', mediaType: 'image/png', data: `${data} secret-1` },
    ],
  })
  expect(asked.map(({ path }) => path)).toEqual(['data'])
})

it('lets the event loop go on over many texts', async () => {
  const { mine } = scene({ redact: (text) => text })
  const session = await mine.create()
  const rows = Array.from({ length: 10_000 }, (_, index) => `row ${index}`)
  let turns = 0
  const tick = setInterval(() => turns++, 0)
  await session.append({
    role: 'tool',
    content: [{ type: 'tool-result', toolCallId: 'x', output: rows }],
  })
  clearInterval(tick)
  expect(turns).toBeGreaterThan(0)
})
