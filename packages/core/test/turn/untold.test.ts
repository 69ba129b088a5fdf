import { expect, it } from 'vitest'
import {
  createSessions,
  memoryStore,
  type Respond,
  type SessionStore,
  type TurnEvent,
} from '../../src/index.js'
import { until } from '../../src/testing/until.js'
import { alice } from '../service.js'
import { all, echo, gated } from './turns.js'
import { place, turns } from './two-processes.js'

/** A turn whose reply is stored, and whose process died before it could say so. */
async function unsaid(respond: Respond) {
  const there = await place()
  const { one, store, kill, logged } = there
  await one.turn('before', echo).result
  const turn = one.turn({ id: 'm', content: 'Hi' }, async (context) => {
    await until(async () => (await logged(context.turnId)).length > 0)
    return respond(context) as string
  })
  const { turnId } = await turn.started
  await until(async () => (await store.read(one.ref))!.record.lastSeq >= 4)
  kill()
  // What it has written all the same is as if it had not.
  const ref = { tenantId: '~turns:acme', id: turnId }
  const kept = (await logged(turnId)).filter(({ type }) => type === 'started')
  await store.remove(ref)
  await store.commit(ref, {
    body: JSON.stringify({ sessionId: 'one' }),
    revision: 0,
    messages: [{ id: '1', payload: JSON.stringify(kept) }],
  })
  return { ...there, turnId }
}
const noUsage = { inputTokens: 0, outputTokens: 0, costMicros: 0 }

const saidIn = (events: readonly TurnEvent[]) =>
  events.map((event) => (event.type === 'text' ? event.text : '')).join('')

it.each<[Respond, object, string]>([
  [() => ['Hi', { type: 'finish', finishReason: 'stop' }], { type: 'completed', finishReason: 'stop' }, 'Hi'],
  [
    () => Promise.reject(new Error('down')),
    { type: 'failed', code: 'model_failed', message: 'The model failed.' },
    '',
  ],
])(
  'tells how it ended where its process died before it could: by what it stored',
  async (respond, expected, text) => {
    const { two, turnId, pass } = await unsaid(respond)
    pass(31_000)
    const end = { n: text === '' ? 2 : 3, from: 4, to: 4, usage: noUsage, ...expected }
    const events = await all(two.watchTurn(turnId))
    expect(events.at(-1)).toStrictEqual(end)
    // An answer is not only stored: who has followed it sees it.
    expect(saidIn(events)).toBe(text)
    // Also when so many turns came after it that the session has forgotten where it was.
    for (let n = 0; n < 9; n++) await two.turn(`${n}`, echo).result
    expect((await all(two.watchTurn(turnId))).at(-1)).toStrictEqual(end)
  },
)

it('tells each part that its process could not, once, also to who comes back for the rest', async () => {
  const { two, turnId, pass } = await unsaid(() => [
    { type: 'reasoning', text: 'So they ' },
    { type: 'reasoning', text: 'greet' },
    { type: 'document', document: { id: 'd' } },
    'Hello',
    ' you',
    { type: 'source', url: 'https://example.org' },
  ])
  pass(31_000)
  const events = await all(two.watchTurn(turnId))
  expect(events.slice(1)).toMatchObject([
    { n: 2, type: 'document', document: { id: 'd' } },
    { n: 3, type: 'reasoning', text: 'So they greet' },
    { n: 4, type: 'text', text: 'Hello you' },
    { n: 5, type: 'source', url: 'https://example.org' },
    { n: 6, type: 'completed' },
  ])
  for (let after = 0; after <= 6; after++)
    expect(await all(two.watchTurn(turnId, after))).toEqual(events.slice(after))
})

it('tells the rest of a text, and no part again, where its process died between the two', async () => {
  const document = { id: 'd', title: 'T', text: 'x'.repeat(300_000) }
  const { store, two, turnId, pass } = await unsaid(() => [
    'Let me see. ',
    { type: 'document', document },
    { type: 'source', url: 'https://example.org' },
    { type: 'tool-call', toolCallId: 'c', toolName: 'find', input: {} },
    { type: 'tool-result', toolCallId: 'c', toolName: 'find', output: 1 },
    'Here it is',
  ])
  const told = [
    { n: 2, type: 'text', text: 'Let me ' },
    { n: 3, type: 'text', text: 'see. ' },
    { n: 4, type: 'tool-call', toolCallId: 'c', toolName: 'find', input: {} },
    { n: 5, type: 'tool-result', toolCallId: 'c', toolName: 'find', output: 1 },
    { n: 6, type: 'document', document },
    { n: 7, type: 'source', url: 'https://example.org' },
    { n: 8, type: 'text', text: 'Here' },
  ]
  const ref = { tenantId: '~turns:acme', id: turnId }
  await store.commit(ref, { messages: [{ id: '2', payload: JSON.stringify(told) }] })
  pass(31_000)
  const events = await all(two.watchTurn(turnId))
  expect(events.slice(1)).toMatchObject([
    ...told,
    { n: 9, type: 'text', text: ' it is' },
    { n: 10, type: 'completed' },
  ])
})

it('waits for the end of a turn whose reply is stored, and whose process has yet to tell', async () => {
  const store = memoryStore()
  let tell = (): void => {}
  const isTold = new Promise<void>((resolve) => (tell = resolve))
  const commit: SessionStore['commit'] = async (ref, change) => {
    if (change.messages?.some(({ payload }) => payload.includes('"completed","from"')) === true) await isTold
    return store.commit(ref, change)
  }
  let looks = 0
  const read: SessionStore['read'] = async (ref, options) => {
    if (ref.id === 'one') looks++
    return store.read(ref, options)
  }
  const over = (methods: Partial<SessionStore>) =>
    Object.assign(Object.create(store) as SessionStore, methods)
  const open = (own: SessionStore) => createSessions({ store: own, turns }).for(alice).open('one')
  const [one, two] = [await open(over({ commit })), await open(over({ read }))]
  const turn = one.turn('Hi', () => ['Hel', 'lo'])
  const { turnId } = await turn.started
  const reading = all(two.watchTurn(turnId))
  await until(async () => (await store.read(one.ref))!.record.lastSeq === 2)
  looks = 0
  await until(async () => looks > 3)
  tell()
  const events = await reading
  expect(saidIn(events)).toBe('Hello')
  expect(events.at(-1)).toMatchObject({ n: 4, type: 'completed' })
})

it('tells of no end where nobody can read it, or the conversation has left it behind', async () => {
  const { two, turnId, store, pass } = await unsaid(() => 'Hi')
  pass(31_000)
  const { record } = (await store.read(two.ref))!
  const { incarnation, changes } = record
  expect(await store.amend(two.ref, [{ seq: 4, payload: 'broken' }], { incarnation, changes })).toBe(1)
  expect((await all(two.watchTurn(turnId))).at(-1)).toMatchObject({ n: 2, type: 'aborted', from: 4, to: 4 })
  const again = await two.turn({ id: 'm', content: 'Hi' }, () => expect.fail('asked')).result
  expect(again).toMatchObject({ status: 'failed', replayed: true, turnId: '', usage: noUsage })
  const left = await place()
  const { respond, begun } = gated('Hello')
  const turn = left.one.turn('Hi', respond)
  await begun
  const { turnId: id } = await turn.started
  await until(async () => (await left.logged(id)).length === 2)
  left.kill()
  await left.two.rewind(0)
  left.pass(31_000)
  expect((await all(left.two.watchTurn(id))).at(-1)).toEqual({
    n: 3,
    type: 'aborted',
    from: 0,
    to: 0,
    usage: noUsage,
    reason: 'lost',
  })
})
