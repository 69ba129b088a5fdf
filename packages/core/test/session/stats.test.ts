import { describe, expect, it } from 'vitest'
import { createSessions, memoryStore, type Session, type SessionInfo, textOf } from '../../src/index.js'
import { topTopics } from '../../src/domain/topics.js'
import { decodeBody } from '../../src/domain/session-body.js'
import { isJsonObject } from '../../src/json.js'
import { wrapStore } from '../../src/testing.js'
import { changingStore } from '../changing-store.js'
import { alice } from '../service.js'
import { echo, gated } from '../turn/turns.js'

const settings = { credentialSecrets: ['a secret that both processes know, and nobody else'] }

type Counted = Pick<SessionInfo, 'messages' | 'tokens' | 'topics' | 'turns'>

/** What every message of the history says, by plain loops. */
async function recounted(session: Session): Promise<Counted> {
  const all = await session.allMessages()
  const said = all.filter(({ role, metadata }) => role === 'user' && metadata?.['redacted'] === undefined)
  const of = (role: string) => all.filter((message) => message.role === role).length
  const turns = all.flatMap(({ role, metadata, status }) =>
    role === 'assistant' && isJsonObject(metadata?.['turn']) ? [{ turn: metadata['turn'], status }] : [],
  )
  const times = (name: string) => {
    const found = turns.flatMap(({ turn }) => (typeof turn[name] === 'number' ? [turn[name]] : []))
    const totalMs = found.reduce((sum, ms) => sum + ms, 0)
    const averageMs = found.length === 0 ? 0 : Math.round(totalMs / found.length)
    return { count: found.length, totalMs, longestMs: Math.max(0, ...found), averageMs }
  }
  const ended = (status: string) => turns.filter((turn) => turn.status === status).length
  return {
    messages: {
      system: of('system'),
      user: of('user'),
      assistant: of('assistant'),
      tool: of('tool'),
      total: all.length,
    },
    tokens: all.reduce((sum, { tokens }) => sum + tokens, 0),
    topics: topTopics(said.map(textOf)),
    turns: {
      completed: ended('completed'),
      failed: ended('failed'),
      aborted: ended('aborted'),
      reused: turns.filter(({ turn }) => turn['reused'] === true).length,
      responses: times('durationMs'),
      firstTokens: times('firstTokenMs'),
    },
  }
}

const counted = ({ messages, tokens, topics, turns }: SessionInfo): Counted => ({
  messages,
  tokens,
  topics,
  turns,
})

/** A session, and what another process calls the store for when it asks for its info. */
async function place(before: (method: string) => unknown = () => undefined) {
  const store = memoryStore()
  const watched = wrapStore(store, async (method, make) => {
    await before(method)
    return make()
  })
  const session = await createSessions({ store: watched, ...settings })
    .for(alice)
    .create()
  const asked = async () => {
    const other = changingStore(store, () => undefined)
    const theirs = await createSessions({ store: other.store, ...settings })
      .for(alice)
      .get(session.id)
    const before = other.calls.length
    const info = await theirs.info()
    return { info: counted(info), calls: other.calls.slice(before).join(' ') }
  }
  const kept = async () => decodeBody((await store.read(session.ref))!.body).stats
  return { store, session, asked, kept }
}

describe('the counts that the end of a turn keeps', () => {
  it('answer for the whole history without reading it', async () => {
    const { session, asked } = await place()
    for (const text of ['A phone please', 'Which phones have a good camera?', 'The camera phone, then'])
      await session.turn(text, async function* () {
        yield { type: 'tool-call', toolCallId: text, toolName: 'find', input: {} }
        yield { type: 'tool-result', toolCallId: text, toolName: 'find', output: 1 }
        yield 'Here it is'
      }).result
    const { info, calls } = await asked()
    expect(info).toEqual(await recounted(session))
    expect(info.messages).toMatchObject({ user: 3, total: 12 })
    expect(calls).toBe('read')
  })

  it('hold no more than so many words, whatever is said', async () => {
    const { session, kept } = await place()
    for (let turn = 0; turn < 12; turn++) {
      const words = Array.from({ length: 500 }, (_, n) => `w${(turn * 500 + n).toString(36)}zz`)
      await session.turn(words.join(turn % 2 === 0 ? ' ' : ', '), () => 'Yes').result
    }
    const stats = await kept()
    expect(stats!.tally.topics.words.length).toBe(64)
    expect(stats!.tally.topics.phrases.length).toBe(32)
    expect(JSON.stringify(stats).length).toBeLessThan(4096)
  })

  it.each([5, 'many', { tally: {} }])(
    'are left out where nobody can read them, also by a handle that goes on (%j)',
    async (stats) => {
      const { store, session, asked } = await place()
      await session.turn('one phone', echo).result
      const { record, body } = (await store.read(session.ref))!
      await store.commit(session.ref, {
        revision: record.revision,
        body: JSON.stringify({ ...(JSON.parse(body) as object), stats }),
      })
      const again = await createSessions({ store, ...settings })
        .for(alice)
        .get(session.id)
      await again.history()
      await again.state.merge({ a: 1 })
      expect(JSON.parse((await store.read(session.ref))!.body)).not.toHaveProperty('stats')
      await again.turn('another phone', echo).result
      expect((await asked()).info).toEqual(await recounted(session))
    },
  )

  it('count a message that another caller appended while the model spoke', async () => {
    const { session, asked } = await place()
    await session.turn('one phone', echo).result
    const { respond, begun, open } = gated('Hello')
    const turn = session.turn('two phones', respond)
    await begun
    await session.append([
      { role: 'system', content: 'A note' },
      { role: 'user', content: 'and a camera' },
    ])
    open()
    await turn.result
    expect(await asked()).toEqual({ info: await recounted(session), calls: 'read messages' })
    await session.turn('three phones', echo).result
    expect(await asked()).toEqual({ info: await recounted(session), calls: 'read' })
  })

  it('are made again after what changes the branch or a message, and hold no word that is gone', async () => {
    const { session, asked, kept } = await place()
    const agree = async () => expect((await asked()).info).toEqual(await recounted(session))
    for (const text of ['elephant ride', 'giraffe ride', 'zebra ride']) await session.turn(text, echo).result
    await session.redact(3)
    expect(JSON.stringify(await kept()) ?? '').not.toContain('giraffe')
    await agree()
    await session.turn('lion ride', echo).result
    expect(JSON.stringify(await kept())).not.toContain('giraffe')
    expect(JSON.stringify(await kept())).toContain('lion')
    await agree()
    const branch = await session.rewind(2)
    await agree()
    await session.turn('tiger ride', echo).result
    await agree()
    await session.switchBranch(branch.id)
    await agree()
    await session.turn('tiger again', echo, { from: 2 }).result
    await agree()
    await session.reset()
    expect(await kept()).toBeUndefined()
    await agree()
    await session.turn('a new ride', echo).result
    expect((await asked()).calls).toBe('read')
    await agree()
  })

  it('catch up with a history that came without turns, a page a turn', async () => {
    const { session, asked } = await place()
    const texts = Array.from({ length: 450 }, (_, n) => ({
      role: 'user' as const,
      content: `phone ${n % 7}x`,
    }))
    await session.append(texts)
    for (const text of ['one', 'two', 'three']) {
      await session.turn(text, echo).result
      expect((await asked()).info).toEqual(await recounted(session))
    }
    expect((await asked()).calls).toBe('read')
  })

  it('keep what turns that failed, were stopped or took an earlier answer came to', async () => {
    const { session, asked } = await place()
    const asks = (text: string) =>
      session.turn(text, () => 'It costs 5.', { reuse: { ttlMs: 60_000 } }).result
    await asks('What does it cost?')
    await asks('What does it cost?')
    await session.turn('fail', () => Promise.reject(new Error('no'))).result
    const { respond, begun, open } = gated('Hello')
    const turn = session.turn('stop', respond)
    await begun
    await session.cancel()
    open()
    await turn.result
    const { info } = await asked()
    expect(info).toEqual(await recounted(session))
    expect(info.turns).toMatchObject({ completed: 2, failed: 1, aborted: 1, reused: 1 })
  })

  it('cost a turn no page of messages where only its own came since, and otherwise one page', async () => {
    const pages: string[] = []
    const { session, asked } = await place((method) => method === 'messages' && pages.push(method))
    for (const text of ['one', 'two', 'three']) await session.turn(text, echo).result
    expect(pages).toEqual([])
    await session.append({ role: 'user', content: 'By the way' })
    await session.turn('four', echo).result
    expect(pages).toHaveLength(1)
    await session.turn('five', echo).result
    expect(pages).toHaveLength(1)
    expect(await asked()).toEqual({ info: await recounted(session), calls: 'read' })
  })

  it('hold what another process appends while they are made', async () => {
    let also: (() => Promise<unknown>) | undefined
    const { store, session, asked } = await place(async (method) => {
      const now = method === 'messages' ? also : undefined
      if (now !== undefined) also = undefined
      await now?.()
    })
    await session.append([
      { role: 'user', content: 'one phone' },
      { role: 'user', content: 'two phones' },
    ])
    also = () =>
      store.commit(session.ref, {
        messages: [
          { id: 'x', payload: JSON.stringify({ role: 'user', content: 'three phones', tokens: 4 }) },
          { id: 'y', payload: JSON.stringify({ role: 'user', content: 'four phones', tokens: 4 }) },
        ],
      })
    await session.turn('five phones', echo).result
    expect(also).toBeUndefined()
    expect((await asked()).info).toEqual(await recounted(session))
    expect((await asked()).info.messages.total).toBe(6)
    await session.turn('six phones', echo).result
    expect(await asked()).toEqual({ info: await recounted(session), calls: 'read' })
  })

  it('fail no turn: what could not be counted is counted by the next', async () => {
    let isAway = false
    let isAwaySoon = false
    const { session, asked, kept } = await place((method) => {
      if (isAwaySoon && method === 'commit') isAway = true
      if (isAway && method === 'messages') throw new Error('away')
    })
    await session.append({ role: 'user', content: 'one phone' })
    isAway = true
    const { status } = await session.turn('two phones', echo).result
    expect([status, await kept()]).toEqual(['completed', undefined])
    isAway = false
    await session.turn('three phones', echo).result
    expect(await asked()).toEqual({ info: await recounted(session), calls: 'read' })
    const question = { id: 'q', content: 'Which phone?' }
    await session.turn(question, () => Promise.reject(new Error('no'))).result
    isAwaySoon = true
    await session.turn(question, echo).result
    expect(isAway).toBe(true)
    isAway = isAwaySoon = false
    expect((await asked()).info).toEqual(await recounted(session))
  })

  it('hold of the messages that are left, when others leave while the model speaks', async () => {
    const { store, session, asked } = await place()
    await session.turn('giraffe ride', echo).result
    const { respond, begun, open } = gated('Hello')
    const turn = session.turn('zebra ride', respond)
    await begun
    await store.trim(session.ref, 2)
    open()
    expect((await turn.result).status).toBe('completed')
    expect(await asked()).toEqual({ info: await recounted(session), calls: 'read messages' })
    expect((await asked()).info.messages.total).toBe(2)
    await session.turn('lion ride', echo).result
    expect(await asked()).toEqual({ info: await recounted(session), calls: 'read' })
  })

  it('leave out a reply that broke off, as soon as its message is answered again', async () => {
    for (const readsBetween of [false, true]) {
      const { session, asked } = await place()
      await session.turn('Hello', echo).result
      const question = { id: 'q', content: 'Which phone?' }
      const broken = async function* () {
        yield { type: 'tool-call', toolCallId: 'c', toolName: 'find', input: {} } as const
        yield { type: 'tool-result', toolCallId: 'c', toolName: 'find', output: 1 } as const
        yield 'The first'
        throw new Error('no')
      }
      const brief = async function* () {
        yield 'The second'
        throw new Error('no')
      }
      for (const respond of [broken, brief, brief, echo]) {
        await session.turn(question, respond).result
        if (readsBetween) {
          expect((await asked()).info).toEqual(await recounted(session))
          expect(counted(await session.info())).toEqual(await recounted(session))
        }
      }
      expect(await asked()).toEqual({ info: await recounted(session), calls: 'read' })
      expect((await asked()).info.messages).toMatchObject({ user: 2, assistant: 2, total: 4 })
      expect(counted(await session.info())).toEqual(await recounted(session))
      await session.turn('And now?', echo).result
      expect(await asked()).toEqual({ info: await recounted(session), calls: 'read' })
    }
  })

  it('equal a recount after any course of events', async () => {
    let seed = 7
    const next = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
    const words = 'phone camera battery screen price order delivery refund laptop cable'.split(' ')
    const said = () => Array.from({ length: 4 }, () => words[Math.floor(next() * words.length)]).join(' ')
    const { session, asked } = await place()
    for (let step = 0; step < 120; step++) {
      const dice = next()
      const { messages } = await session.history({ limit: 1000 })
      const any = messages[Math.floor(next() * messages.length)]
      const mayRepeat = any?.role === 'user' && any.metadata === undefined
      if (dice < 0.6 || any === undefined) await session.turn(said(), echo).result
      else if (dice < 0.75) await session.append({ role: 'user', content: said() })
      else if (dice < 0.82) await session.rewind(any.seq)
      else if (dice < 0.88) await session.amend(any.seq, { content: said() })
      else if (dice < 0.93) await session.turn(said(), echo, { from: any.seq }).result
      else if (dice < 0.96 && mayRepeat)
        await session.append({ role: 'user', content: any.content, id: any.id })
      else if (dice < 0.98) {
        const branches = await session.branches()
        if (branches.length > 0)
          await session.switchBranch(branches[Math.floor(next() * branches.length)]!.id)
      } else await session.reset()
      expect((await asked()).info, `step ${step}`).toEqual(await recounted(session))
    }
  })
})
