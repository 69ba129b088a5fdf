import { describe, expect, it } from 'vitest'
import {
  createSessions,
  type Message,
  type MessageInput,
  memoryStore,
  type Session,
  type SessionRecord,
  textOf,
} from '../../src/index.js'
import { together } from '../../src/testing/start-gate.js'
import { alice, codeOf, service } from '../service.js'
import { dumpOf } from './store-dump.js'
import { echo, gated } from './turns.js'

const secret = 'my number is forty-seven'
const said = (content: MessageInput['content']) => ({ role: 'user' as const, content })
const contents = (messages: readonly Message[]) => messages.map(({ content }) => content)
const refusal = async (operation: Promise<unknown>) =>
  operation.then(
    () => 'settled',
    ({ code, path }: { code: string; path?: string }) => ({ code, path }),
  )

/** One session, as two processes have it. */
async function twoOf(options: Parameters<typeof service>[0] = {}) {
  const store = memoryStore()
  const [here, there] = [service({ store, ...options }), service({ store, ...options })]
  const one = await here.for(alice).create({ id: 'one' })
  return { store, here, there, one, two: await there.for(alice).get('one') }
}

describe('redact', () => {
  it('leaves nothing of the words anywhere: contexts, histories, and every record of the store', async () => {
    const { store, here, there, one, two } = await twoOf({
      context: {
        extractFacts: (message) => [{ id: `f${message.seq}`, text: textOf(message), at: message.at }],
      },
    })
    const filler = 'phones with a large screen and a good camera '.repeat(10)
    const answered = await one.turn({ content: secret, id: 'm1' }, echo, { reuse: { ttlMs: 60_000 } }).result
    for (let n = 0; n < 20; n++) await one.append(said(`${n} ${filler}`))
    await one.remember({ text: secret, seq: 1 })
    await one.compact({ keepTokens: 100, minTokens: 1 })
    const look = async (session: Session) =>
      JSON.stringify([
        await session.context({ maxTokens: 400, query: 'number', include: ['state'] }),
        await session.context({ maxTokens: 8000 }),
        await session.history({ branch: 'all', limit: 1000 }),
        await session.allMessages(),
      ])
    for (const session of [one, two]) expect(await look(session)).toContain('forty-seven')
    expect(await dumpOf(store, 'acme')).toContain('forty-seven')

    const redacted = await one.redact(1)
    await one.redact(2)
    expect(redacted).toMatchObject({ seq: 1, id: 'm1', role: 'user', content: '[redacted]' })
    for (const session of [one, two]) expect(await look(session)).not.toContain('forty-seven')
    expect(await dumpOf(store, 'acme')).not.toContain('forty-seven')
    expect(await two.context({ maxTokens: 8000 })).toMatchObject({ report: { strategy: expect.any(String) } })
    // The same question is asked of the model again; the very message is known by its id.
    const again = await two.turn({ content: secret, id: 'm1' }, echo).result
    expect(again).toMatchObject({ replayed: true, turnId: answered.turnId, text: '[redacted]' })
    const types = here.events.map(({ type }) => type).filter((type) => type.startsWith('message.r'))
    expect(types).toEqual(['message.redacted', 'message.redacted'])
    expect(here.events.findLast(({ type }) => type === 'message.redacted')).toMatchObject({ seq: 2 })
    await Promise.all([here.close(), there.close()])
  })

  it('keeps calls and results together, and drops reasoning, media, names and notes', async () => {
    const { one } = await twoOf()
    const turn = { id: 't1', usage: { inputTokens: 3, model: 'm' }, error: secret }
    await one.append([
      {
        role: 'user',
        name: 'Ann',
        content: [
          { type: 'text', text: secret },
          { type: 'file', data: 'eA==' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: secret },
          { type: 'text', text: secret },
          { type: 'tool-call', toolCallId: 'c1', toolName: 'find', input: { secret } },
          { type: 'own', secret },
        ],
        metadata: { turn, sources: [{ secret }], secret },
      },
      {
        role: 'tool',
        content: [
          {
            type: 'tool-result',
            toolCallId: 'c1',
            toolName: 'find',
            output: { type: 'json', value: { secret } },
          },
        ],
      },
    ])
    for (const seq of [1, 2, 3]) await one.redact(seq)
    const messages = await one.allMessages()
    const text = { type: 'text', text: '[redacted]' }
    expect(contents(messages)).toEqual([
      [text],
      [text, { type: 'tool-call', toolCallId: 'c1', toolName: 'find', input: {} }],
      [
        {
          type: 'tool-result',
          toolCallId: 'c1',
          toolName: 'find',
          output: { type: 'text', value: '[redacted]' },
        },
      ],
    ])
    expect(messages[0]).not.toHaveProperty('name')
    expect(messages[1]!.metadata).toEqual({
      turn: { id: 't1', usage: { inputTokens: 3, model: 'm' } },
      redacted: { at: expect.any(Number) },
    })
    const { report } = await one.context({ maxTokens: 1000 })
    expect(report.repairs).toEqual([])
    const tokens = messages.reduce((sum, message) => sum + message.tokens, 0)
    expect((await one.info()).tokens).toBe(tokens)
  })

  it('believes no message that claims to be redacted', async () => {
    const { one } = await twoOf()
    await one.append({ ...said(secret), metadata: { redacted: { at: 1 } } })
    expect(await one.redact(1)).toMatchObject({ content: '[redacted]' })
    const { changes } = one.record
    const again = await one.redact(1)
    expect(again.metadata!['redacted']).not.toEqual({ at: 1 })
    expect(changes).toBeGreaterThan(0)
  })

  it('takes the words of a message that nobody can read', async () => {
    const { store, one } = await twoOf()
    await one.append(said('hello'))
    await store.amend(one.ref, [{ seq: 1, payload: `${secret} {` }])
    expect(await one.redact(1)).toMatchObject({ status: 'corrupt', content: '' })
    expect(await dumpOf(store, 'acme')).not.toContain('forty-seven')
  })

  it('is refused while a turn runs, here and elsewhere, and what is not there is refused', async () => {
    const { one, two } = await twoOf()
    await one.append(said(secret))
    const { respond, begun, open } = gated('word')
    const turn = one.turn('and?', respond)
    await begun
    for (const session of [one, two]) {
      expect(await codeOf(session.redact(1))).toBe('turn_in_progress')
      expect(await codeOf(session.amend(1, { content: 'x' }))).toBe('turn_in_progress')
      expect((await session.annotate(1, { a: 1 })).metadata).toEqual({ annotations: { a: 1 } })
    }
    open()
    await turn.result
    for (const seq of [0, 4, 1.5, -1, Number.NaN]) {
      expect(await refusal(two.redact(seq))).toEqual({ code: 'invalid', path: 'seq' })
      expect(await refusal(two.annotate(seq, {}))).toEqual({ code: 'invalid', path: 'seq' })
    }
    await one.reset()
    expect(await refusal(two.redact(1))).toEqual({ code: 'invalid', path: 'seq' })
  })

  it('lets no summary of the old words in that was begun before', async () => {
    const store = memoryStore()
    const sessions = service({ store })
    const one = await sessions.for(alice).create({ id: 'one' })
    for (let n = 0; n < 5; n++) await one.append(said(`${n} ${secret}`))
    let redacted: Promise<unknown> | undefined
    const summarize = async ({ messages }: { messages: readonly Message[] }) => {
      const text = messages.map(textOf).join(' ')
      if (redacted === undefined) await (redacted = one.redact(1))
      return text
    }
    const other = await createSessions({ store }).for(alice).get('one')
    expect(await other.compact({ summarize, keepTokens: 10, minTokens: 1 })).toMatchObject({
      compacted: false,
    })
    expect(JSON.stringify((await store.read(one.ref))!.body)).not.toContain('forty-seven')
  })

  it('reaches messages of every branch', async () => {
    const { one } = await twoOf()
    await one.append([said('one'), said(secret)])
    await one.rewind(1)
    await one.append(said('three'))
    await one.redact(2)
    expect(contents((await one.history({ branch: 'all' })).messages)).toEqual(['one', '[redacted]', 'three'])
    const [branch] = await one.branches()
    await one.switchBranch(branch!.id)
    expect(contents(await one.allMessages())).toEqual(['one', '[redacted]'])
  })

  it('is seen by whoever watches', async () => {
    const { one, two } = await twoOf()
    await one.append(said(secret))
    const seen = two.watch({ pollMs: 1 })
    const next = async () => (await seen.next()).value as SessionRecord
    const { changes } = await next()
    await one.annotate(1, { rating: 'up' })
    expect((await next()).changes).toBe(changes + 1)
    await one.redact(1)
    expect((await next()).changes).toBeGreaterThan(changes + 1)
    await seen.return()
  })
})

describe('amend', () => {
  it('changes the words, and counts how often', async () => {
    const { here, one, two } = await twoOf()
    await one.append([{ ...said('red phones, red phones'), metadata: { from: 'app' } }, said('two')])
    const before = await two.info()
    const first = await one.amend(1, { content: 'green' })
    expect(first.tokens).toBeLessThan((await one.history()).messages[0]!.tokens + 1)
    expect((await one.amend(1, { content: 'green' })).metadata).toEqual(first.metadata)
    const second = await one.amend(1, { content: [{ type: 'text', text: 'blue' }] })
    expect(second).toMatchObject({
      seq: 1,
      role: 'user',
      metadata: { from: 'app', amended: { count: 2, at: expect.any(Number) } },
    })
    const after = await two.info()
    const tokens = (await two.allMessages()).reduce((sum, message) => sum + message.tokens, 0)
    expect(after.tokens).toBe(tokens)
    expect(after.tokens).not.toBe(before.tokens)
    expect(JSON.stringify(after.topics)).not.toContain('red')
    expect(here.events.filter(({ type }) => type === 'message.amended')).toHaveLength(2)
  })

  it('refuses what append refuses, and what would tear calls from their results', async () => {
    const { one } = await twoOf()
    const call = { type: 'tool-call', toolCallId: 'c1', toolName: 'find', input: {} }
    await one.append([{ role: 'assistant', content: [call] }, said(secret)])
    expect((await one.amend(1, { content: [{ ...call, input: { a: 1 } }] })).content).toEqual([
      { ...call, input: { a: 1 } },
    ])
    for (const [seq, content] of [
      [1, 'no call'],
      [1, [{ ...call, toolCallId: 'c2' }]],
      [2, [call]],
      [2, ''],
      [2, [{ type: 'text' }]],
      [2, 7 as never],
    ] as const) {
      expect(await codeOf(one.amend(seq, { content }))).toBe('invalid')
    }
    expect(await codeOf(one.amend(2, { content: 'x'.repeat(600_000) }))).toBe('too_large')
    await one.redact(2)
    expect(await refusal(one.amend(2, { content: 'again' }))).toEqual({ code: 'invalid', path: 'seq' })
  })

  it('counts towards what the messages of a session may take', async () => {
    const session = await service({ limits: { maxSessionBytes: 15_000 } })
      .for(alice)
      .create()
    for (let n = 0; n < 40; n++) await session.append(said(`message ${n}`))
    await session.amend(1, { content: 'x'.repeat(9000) })
    const long = { content: 'y'.repeat(9000) }
    expect(await refusal(session.amend(2, long))).toEqual({ code: 'too_large', path: 'messages' })
    await session.amend(1, { content: 'short' })
    expect((await session.amend(2, long)).seq).toBe(2)
  })

  it('is refused on an old revision', async () => {
    const { one, two } = await twoOf()
    await one.append(said('a'))
    const { revision } = one.record
    await two.state.merge({ a: 1 })
    expect(await codeOf(one.amend(1, { content: 'b' }, { ifRevision: revision }))).toBe('conflict')
    expect(contents(await one.allMessages())).toEqual(['a'])
  })
})

describe('annotate', () => {
  it('keeps every one of twenty at once from two processes', async () => {
    const { one, two } = await twoOf()
    await one.append(said('a'))
    let n = 0
    await together(20, async () => {
      const name = `k${n++}`
      await (n % 2 === 0 ? one : two).annotate(1, { [name]: true })
    })
    const [message] = await one.allMessages()
    expect(Object.keys(message!.metadata!['annotations']!)).toHaveLength(20)
  })

  it('merges as RFC 7396 says, within 4 KiB, and shows no model', async () => {
    const { here, one } = await twoOf()
    await one.append({ ...said('a'), metadata: { annotations: 'mine', from: 'app' } })
    const { metadata } = await one.annotate(1, { rating: 'up', by: { name: 'x', age: null } })
    expect(metadata).toEqual({ from: 'app', annotations: { rating: 'up', by: { name: 'x' } } })
    const noted = await one.annotate(1, { by: null, rating: 'down' })
    expect(noted.metadata!['annotations']).toEqual({ rating: 'down' })
    expect(await refusal(one.annotate(1, { note: 'é'.repeat(2100) }))).toEqual({
      code: 'too_large',
      path: 'annotations',
    })
    expect(await refusal(one.annotate(1, [] as never))).toEqual({ code: 'invalid', path: 'annotations' })
    expect(JSON.stringify(await one.context({ maxTokens: 100 }))).not.toContain('rating')
    const { changes } = one.record
    expect(await codeOf(one.annotate(1, { a: 1 }, { ifChanges: changes - 1 }))).toBe('conflict')
    expect((await one.annotate(1, { rating: null }, { ifChanges: changes })).metadata).toEqual({
      from: 'app',
    })
    expect(here.events.filter(({ type }) => type === 'message.annotated')).toHaveLength(3)
  })

  it('leaves a repeat of the message a repeat', async () => {
    const { one } = await twoOf()
    const ask = async () => one.turn({ content: 'a', id: 'm1' }, () => 'fine').result
    const { turnId } = await ask()
    await one.annotate(1, { rating: 'up' })
    expect(await ask()).toMatchObject({ turnId, replayed: true })
  })
})
