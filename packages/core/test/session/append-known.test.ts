import { describe, expect, it } from 'vitest'
import { type MessageInput, memoryStore, type Session } from '../../src/index.js'
import { appendUnchanged } from '../../src/session/messages.js'
import { liveSessionOf } from '../../src/session/live-of.js'
import { alice, codeOf, service } from '../service.js'

const first: MessageInput = { id: 'm1', role: 'user', content: 'Two phones', metadata: { from: 'app' } }
const second: MessageInput = { id: 'm2', role: 'assistant', content: [{ type: 'text', text: 'Which?' }] }
const third: MessageInput = { id: 'm3', role: 'user', content: 'The blue ones' }

async function open() {
  const store = memoryStore()
  const sessions = service({ store })
  const mine = sessions.for(alice)
  const session = await mine.create({ messages: [first, second] })
  return { store, sessions, mine, session }
}

const ways: [string, (session: Session, messages: MessageInput[]) => Promise<readonly object[]>][] = [
  ['session.append', async (session, messages) => session.append(messages)],
  ['mine.append', async ({ id }, messages) => (await latest).mine.append(id, messages)],
  [
    'an append to the session as it was read',
    async (session, messages) => appendUnchanged(liveSessionOf(session, 'session'), messages, {}),
  ],
]
let latest: ReturnType<typeof open>

describe.each(ways)('%s', (_, append) => {
  it('knows messages that were annotated since', async () => {
    const { session, sessions } = await (latest = open())
    await session.annotate(2, { rating: 'up' })
    sessions.events.length = 0
    expect(await append(session, [first, second, third])).toMatchObject([
      { seq: 1, inserted: false },
      { seq: 2, inserted: false },
      { seq: 3, inserted: true },
    ])
    expect(sessions.events.filter(({ type }) => type === 'message.appended')).toMatchObject([{ seq: 3 }])
    const { messages } = await session.history()
    expect(messages.map(({ id }) => id)).toEqual(['m1', 'm2', 'm3'])
    expect(messages[1]!.metadata).toEqual({ annotations: { rating: 'up' } })
  })

  it('knows messages that were copied by a fork', async () => {
    const { mine, session } = await (latest = open())
    const fork = await mine.fork(session)
    expect(await append(fork, [first, second, third])).toMatchObject([
      { inserted: false },
      { inserted: false },
      { seq: 3, inserted: true },
    ])
  })

  it('stores no other words under a known id, nor those that were taken away', async () => {
    const { session } = await (latest = open())
    await session.annotate(1, { rating: 'up' })
    await session.amend(2, { content: 'Which ones?' })
    const before = await session.history()
    for (const wrong of [{ ...first, content: 'Three' }, { ...first, metadata: {} }, second])
      expect(await codeOf(append(session, [wrong, third]))).toBe('conflict')
    await session.redact(1)
    expect(await codeOf(append(session, [first]))).toBe('conflict')
    expect((await session.history()).messages[1]).toEqual(before.messages[1])
  })
})

it('a process with another tokenizer knows the messages of the others', async () => {
  const { store, session } = await open()
  const other = await service({ store, countTokens: () => 7 })
    .for(alice)
    .get(session.id)
  expect(await other.append([first, second])).toMatchObject([{ inserted: false }, { inserted: false }])
})
