import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createSessionApi, type SessionApi, type SessionApiOptions } from '../../src/http.js'
import { createSessions, memoryStore, type Respond, SessionError } from '../../src/index.js'
import { createAdapterApi } from '../../src/node.js'

const identify = () => ({ tenantId: 'acme', userId: 'alice' })

/** An API whose model says one word, and the next when it may. */
function made(more: Partial<SessionApiOptions> = {}) {
  let go = () => {}
  const gate = new Promise<void>((resolve) => (go = resolve))
  const respond: Respond = async function* () {
    yield 'One '
    await gate
    yield 'two.'
  }
  const sessions = createSessions({ store: memoryStore(), onWarning: () => {} })
  const told: unknown[] = []
  const options = { sessions, identify, respond, onError: (error: unknown) => told.push(error), ...more }
  const work: Promise<void>[] = []
  const waitUntil = (each: Promise<void>) => void work.push(each)
  return { sessions, options, go, told, work, waitUntil }
}

const post = (path: string, body: object) =>
  new Request(`https://shop.example${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
    body: JSON.stringify(body),
  })

const asking = {
  method: 'POST',
  path: '/notes/{id}',
  operation: 'ask',
  summary: 'Asks',
  body: z.object({ content: z.string() }),
  streams: true,
  async handle(call: Parameters<Parameters<typeof createAdapterApi>[2][number]['handle']>[0]) {
    const session = await call.open(call.params['id']!, false)
    return call.stream(session, async () => {
      const events = await call.turn(session, { role: 'user', content: 'Count' })
      return (async function* () {
        for await (const event of events) yield { data: event }
      })()
    })
  },
} as const

describe.each([
  ['the session API', (options: SessionApiOptions) => createSessionApi(options), '/sessions/ID/message'],
  [
    'the API of an adapter',
    (options: SessionApiOptions) => createAdapterApi(options, ['notes'], [asking], z.object({})),
    '/notes/ID',
  ],
] as const)('a platform that ends processes once %s has answered', (_, make, path) => {
  const ask = async (api: SessionApi, id: string, waitUntil: (work: Promise<void>) => void) =>
    api.handle(post(path.replace('ID', id), { content: 'Count' }), { waitUntil })

  it('is told of a turn, which has ended and is stored when its reader has gone', async () => {
    const { sessions, options, go, work, waitUntil } = made()
    const session = await sessions.for(identify()).create()
    const response = await ask(make(options), session.id, waitUntil)
    expect(work).toHaveLength(1)
    await response.body!.cancel()
    let hasEnded = false
    const waiting = work[0]!.then(() => (hasEnded = true))
    expect(await session.currentTurn()).toBeDefined()
    expect(hasEnded).toBe(false)
    go()
    await waiting
    const { messages } = await session.history()
    expect(messages.map(({ role, content }) => [role, content])).toEqual([
      ['user', 'Count'],
      ['assistant', 'One two.'],
    ])
  })

  it('is told of a history that is summed up behind it', async () => {
    let finish = () => {}
    const written = new Promise<void>((resolve) => (finish = resolve))
    const summarize = async () => {
      await written
      return 'in short'
    }
    const sessions = createSessions({ store: memoryStore(), context: { summarize, compactAboveTokens: 1 } })
    const { options, work, waitUntil } = made({
      sessions,
      respond: async ({ context }) => {
        await context({ maxTokens: 100_000 })
        return 'Done.'
      },
    })
    const session = await sessions.for(identify()).create()
    const said = { role: 'user', content: 'word '.repeat(2000) } as const
    await session.append(Array.from({ length: 6 }, () => said))
    await (await ask(make(options), session.id, waitUntil)).text()
    let hasEnded = false
    const waiting = work[0]!.then(() => (hasEnded = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(hasEnded).toBe(false)
    finish()
    await waiting
    expect(JSON.stringify(await session.context({ maxTokens: 4000 }))).toContain('in short')
  })

  it('is told of one that fails, and hears of no error', async () => {
    const failure = new Error('the model is away')
    const { sessions, options, told, work, waitUntil } = made({
      respond: () => {
        throw failure
      },
    })
    const session = await sessions.for(identify()).create()
    await (await ask(make(options), session.id, waitUntil)).text()
    await expect(Promise.all(work)).resolves.toHaveLength(1)
    expect(told).toEqual([failure])
  })

  it('is told of one whose reply the store refuses, as the host is', async () => {
    const store = memoryStore()
    const { options, told, work, waitUntil } = made({
      sessions: createSessions({ store, onWarning: () => {} }),
      respond: () => {
        store.commit = () => Promise.reject(refusal)
        return 'One two.'
      },
    })
    const refusal = new SessionError('store_failed', 'The disk is full.')
    const session = await options.sessions.for(identify()).create()
    await (await ask(make(options), session.id, waitUntil)).text()
    await expect(Promise.all(work)).resolves.toHaveLength(1)
    expect(told).toContain(refusal)
  })

  it('is not told of what begins no turn', async () => {
    const { options, work, waitUntil } = made()
    expect((await ask(make(options), 'unknown', waitUntil)).status).toBe(404)
    expect(work).toEqual([])
  })

  it('may not want to hear of it: the host is told, and the answer is the same', async () => {
    const { sessions, options, go, told } = made()
    const session = await sessions.for(identify()).create()
    const trouble = new Error('there is no request any more')
    const response = await ask(make(options), session.id, () => {
      throw trouble
    })
    go()
    expect(await response.text()).toContain('two.')
    expect(told).toEqual([trouble])
  })
})

describe('a platform that ends processes once the session API has answered', () => {
  it('is told of an erasure that the client does not wait for', async () => {
    const sessions = createSessions({ credentialSecrets: ['a secret of the service, thirty-two.'] })
    await sessions.for(identify()).create()
    const { options, work, waitUntil } = made({ sessions, userRoutes: true })
    const asked = new Request('https://shop.example/users/alice', {
      method: 'DELETE',
      headers: { Prefer: 'respond-async' },
    })
    expect((await createSessionApi(options).handle(asked, { waitUntil })).status).toBe(202)
    expect(work).toHaveLength(1)
    await work[0]
    const erasure = await sessions.privacy.erasure({ tenantId: 'acme', userId: 'alice' })
    expect(erasure?.receipt?.counts['sessions']).toBe(1)
  })
})
