import { describe, expect, it } from 'vitest'
import { createSessionApi } from '../src/http.js'
import { memoryBus, memoryStore, type Respond, type Session, type SessionStore } from '../src/index.js'
import { alice, codeOf, service, startGate } from './service.js'

const said = (content: string) => ({ role: 'user' as const, content })
const secrets = { credentialSecrets: ['a secret that both services know, and nobody else'] }

/** A store whose calls of one method wait at a gate. */
function held(inner: SessionStore, method: 'trim' | 'commit' | 'read') {
  const gate = startGate()
  const reached = startGate()
  const store = {
    ...inner,
    [method]: async (...args: unknown[]) => {
      reached.open()
      await gate.opened
      return (inner[method] as (...args: unknown[]) => Promise<unknown>)(...args)
    },
  }
  return { store, open: gate.open, reached: reached.opened }
}

const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  let settled = false
  promise.then(
    () => (settled = true),
    () => (settled = true),
  )
  for (let round = 0; round < 50; round++) await new Promise((resolve) => setImmediate(resolve))
  return settled
}

describe('close', () => {
  it('waits for a turn whose reader has gone, and lets it end with all it needs', async () => {
    const store = memoryStore()
    const sessions = service({ store })
    const mine = sessions.for(alice)
    const session = await mine.create({ id: 'one' })
    const gate = startGate()
    const respond: Respond = async function* (turn) {
      yield 'still '
      await gate.opened
      await turn.state.merge({ asked: true })
      await turn.session.context({ maxTokens: 1000 })
      await mine.create({ id: 'made by the turn' })
      yield 'here'
    }
    const turn = session.turn('hello', respond)
    await turn.started
    const closing = sessions.close()
    expect(await isSettled(closing)).toBe(false)
    gate.open()
    await closing
    expect(await turn.result).toMatchObject({ status: 'completed', reply: { content: 'still here' } })
    const other = service({ store }).for(alice)
    expect(await (await other.get('one')).state.get()).toEqual({ asked: true })
    expect(await other.find('made by the turn')).toBeDefined()
  })

  it('waits for messages that stand in line', async () => {
    const sessions = service({ turns: { policy: 'queue' } })
    const session = await sessions.for(alice).create()
    const gate = startGate()
    const turns = ['one', 'two', 'three'].map((text) =>
      session.turn(text, async () => gate.opened.then(() => `re: ${text}`)),
    )
    const closing = sessions.close()
    gate.open()
    await closing
    const results = await Promise.all(turns.map(({ result }) => result))
    expect(results.map(({ reply }) => reply.content)).toEqual(['re: one', 're: two', 're: three'])
  })

  it('waits for summing up in the background', async () => {
    const gate = startGate()
    const sessions = service({
      context: {
        compactAboveTokens: 1,
        summaries: { keepTokens: 1, minTokens: 1 },
        summarize: () => gate.opened.then(() => 'short'),
      },
    })
    const session = await sessions.for(alice).create({ messages: ['a', 'b', 'c', 'd'].map(said) })
    await session.context({ maxTokens: 1000 })
    const closing = sessions.close()
    expect(await isSettled(closing)).toBe(false)
    gate.open()
    await closing
    expect(sessions.events.some(({ type }) => type === 'context.compacted')).toBe(true)
  })

  it('waits for a call of several steps, which happens as a whole', async () => {
    const inner = memoryStore()
    const { store, open, reached } = held(inner, 'trim')
    const sessions = service({ store })
    const session = await sessions.for(alice).create({ id: 'one', messages: [said('old')] })
    const reset = session.reset()
    await reached
    const closing = sessions.close()
    expect(await isSettled(closing)).toBe(false)
    open()
    await closing
    expect(await codeOf(reset)).toBe('settled')
    const seen = await service({ store: inner }).for(alice).get('one')
    expect((await seen.history({ branch: 'all' })).messages).toEqual([])
  })

  it('leaves the events of a turn to a reader who comes late with them', async () => {
    const sessions = service({ store: memoryStore(), bus: memoryBus() })
    const mine = sessions.for(alice)
    const session = await mine.create({ id: 'one' })
    const gate = startGate()
    const turn = session.turn('Hi', async function* () {
      yield 'Hel'
      await gate.opened
      yield 'lo'
    })
    const { turnId } = await turn.started
    const events = (await mine.get('one')).watchTurn(turnId)
    const types = [(await events.next()).value!.type]
    gate.open()
    await sessions.close()
    for await (const { type } of events) types.push(type)
    expect(types).toEqual(['started', 'text', 'text', 'completed'])
  })

  it('is heard of by who watches at once, also where a bus would tell of the next change', async () => {
    const sessions = service({ store: memoryStore(), bus: memoryBus() })
    const session = await sessions.for(alice).create({ id: 'one' })
    const all = [session.watch({ pollMs: 3_600_000 }), session.subscribe({ pollMs: 3_600_000 })]
    for (const watching of all) await watching.next()
    const ends = all.map(async (watching) => codeOf(watching.next()))
    await sessions.close()
    expect(await Promise.all(ends)).toEqual(['closed', 'closed'])
  })

  it('takes no call any more, neither of a new handle nor of one that was made before', async () => {
    const store = memoryStore()
    const sessions = service({ store, ...secrets })
    const mine = sessions.for(alice)
    const session = await mine.create({ id: 'one', messages: [said('hello')] })
    const draft = mine.draft()
    const watching = session.watch({ pollMs: 1 })
    await watching.next()
    await sessions.close()
    expect(() => sessions.for(alice)).toThrowError(expect.objectContaining({ code: 'closed' }))
    expect(await codeOf(sessions.sweep())).toBe('closed')
    expect(await codeOf(watching.next())).toBe('closed')
    expect(await codeOf(draft.append(said('late')))).toBe('closed')
    expect(await codeOf(draft.turn('late', () => 'no').result)).toBe('closed')
    // Every verb there is, whatever it is asked for.
    const gives = new Set(['turn', 'watch', 'subscribe', 'watchTurn', 'draft', 'export'])
    let verbs = 0
    for (const handle of [mine, session, session.cart, session.state, session.preferences]) {
      const { prototype } = handle.constructor as unknown as { prototype: object }
      for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
        if (name === 'constructor' || typeof value !== 'function' || gives.has(name)) continue
        verbs++
        expect([name, await codeOf((value as () => Promise<unknown>).call(handle))]).toEqual([name, 'closed'])
      }
    }
    expect(verbs).toBeGreaterThan(45)
    const turn = session.turn('late', () => 'no')
    expect(await codeOf(turn.started)).toBe('closed')
    expect(await codeOf(turn.result)).toBe('closed')
    expect(await codeOf(turn[Symbol.asyncIterator]().next())).toBe('closed')
    expect(await codeOf(session.watch().next())).toBe('closed')
    expect(await codeOf(session.subscribe().next())).toBe('closed')
    expect(await codeOf(session.watchTurn('x').next())).toBe('closed')
    expect(await codeOf(session.export().next())).toBe('closed')
    expect(await codeOf(mine.export().next())).toBe('closed')
    // The store is whose it was.
    expect((await service({ store }).for(alice).get('one')).record.lastSeq).toBe(1)
  })

  it('settles though calls keep coming, and cuts none of them off', async () => {
    const store = memoryStore()
    const sessions = service({ store })
    const session = await sessions.for(alice).create({ id: 'one' })
    const codes = new Set<string>()
    const over = new AbortController()
    let appended = 0
    const callers = Array.from({ length: 4 }, async () => {
      while (!over.signal.aborted) {
        const code = await codeOf(session.append(said('again')))
        codes.add(code)
        if (code === 'settled') appended++
        codes.add(await codeOf(session.turn('and?', async () => 'yes', { policy: 'queue' }).result))
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    await session.history()
    await sessions.close()
    const { lastSeq } = (await service({ store }).for(alice).get('one')).record
    over.abort()
    await Promise.all(callers)
    const seen = await service({ store }).for(alice).get('one')
    expect(seen.record.lastSeq).toBe(lastSeq)
    expect((await seen.allMessages()).filter(({ content }) => content === 'again')).toHaveLength(appended)
    expect(await seen.currentTurn()).toBeUndefined()
    expect([...codes].toSorted()).toEqual(['closed', 'settled'])
  })

  it('may be called as often as you like, and by a scope that ends', async () => {
    let session: Session
    {
      await using sessions = service()
      session = await sessions.for(alice).create()
    }
    expect(await codeOf(session.read())).toBe('closed')
    const sessions = service()
    const first = sessions.close()
    await Promise.all([first, sessions.close(), sessions[Symbol.asyncDispose]()])
    await sessions.close()
    await sessions.settled()
  })
})

it('close has its listeners send what they have, also where the log of usage fails, and says so then', async () => {
  const sent: string[] = []
  const listener = { on: () => {}, flush: async () => void sent.push('events') }
  const log = {
    append: async () => 0,
    flush: async () => {
      throw new Error('the warehouse is away')
    },
  }
  const sessions = service({ listeners: [listener], usage: { log } })
  await sessions.for(alice).create()
  expect(await codeOf(sessions.close())).toContain('the warehouse is away')
  expect(sent).toEqual(['events'])
})

describe('the HTTP API of a closed service', () => {
  it('ends what it has begun, and refuses what comes', async () => {
    const { store, open, reached } = held(memoryStore(), 'commit')
    const sessions = service({ store, ...secrets })
    const api = createSessionApi({
      sessions,
      identify: () => alice,
      respond: () => 'fine',
      onError: () => {},
    })
    const post = async (path: string, body: unknown) =>
      api.handle(
        new Request(`https://api.test${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      )
    const first = post('/sessions', {})
    await reached
    const closing = sessions.close()
    const refused = await post('/sessions', {})
    expect(refused.status).toBe(503)
    expect(await refused.json()).toMatchObject({ code: 'closed', type: 'urn:sessions:problem:closed' })
    open()
    expect((await first).status).toBe(201)
    await closing
    expect((await post('/sessions', {})).status).toBe(503)
  })
})
