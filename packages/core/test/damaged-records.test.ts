import { describe, expect, it } from 'vitest'
import { createSessions, memoryStore, type Sessions, type SessionsOptions } from '../src/index.js'
import { codeOf } from './service.js'

const credentialSecrets = ['a secret that all processes know, and nobody else']
const alice = { tenantId: 'acme', userId: 'alice' }
const bob = { tenantId: 'acme', userId: 'bob' }
const day = /^\d{4}-\d\d-\d\d$/

type Line = Record<string, unknown>

async function linesOf(pieces: AsyncIterable<string>): Promise<Line[]> {
  let text = ''
  for await (const piece of pieces) text += piece
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

/** Two users who have said something, decided something, and are remembered by something. */
async function scene() {
  const store = memoryStore()
  const over = (options: SessionsOptions = {}): Sessions =>
    createSessions({ store, credentialSecrets, consent: {}, usage: {}, onWarning: () => {}, ...options })
  const sessions = over()
  for (const user of [alice, bob]) {
    const mine = sessions.for(user)
    await mine.consent.set({ purpose: 'memory', granted: true, version: '1', source: 'banner' })
    const session = await mine.create({ id: user.userId })
    await session.turn('Hi', () => ['There', { type: 'usage', inputTokens: 3 }]).result
    await session.remember({ text: 'likes blue' }, { scope: 'user' })
  }
  await sessions.settled()
  /** Damages records of the library's own. */
  async function damage(kind: string, of: (record: { id: string; userId?: string | undefined }) => boolean) {
    const { items } = await store.list({ tenantId: `~${kind}:acme`, limit: 50 })
    const meant = items.filter(of)
    expect(meant).toHaveLength(1)
    const [{ revision, lastSeq, ...ref }] = meant as [(typeof meant)[0]]
    if (lastSeq === 0) await store.commit(ref, { revision, body: 'null' })
    else await store.amend(ref, [{ seq: 1, payload: '{"at' }])
  }
  const damages = {
    consent: async () => damage('users', ({ userId }) => userId === 'alice'),
    memory: async () => damage('memory', ({ userId }) => userId === 'alice'),
    usage: async () => damage('usage', ({ id }) => day.test(id)),
  }
  return { over, damages }
}

describe.each(['consent', 'memory', 'usage'] as const)('where what is kept of %s is damaged', (part) => {
  it('an export names it, and has the rest, which can be imported', async () => {
    const { over, damages } = await scene()
    await damages[part]()
    const lines = await linesOf(over().for(alice).export())
    const unreadable = lines.filter(({ type }) => type === 'unreadable')
    expect(unreadable).toContainEqual({ type: 'unreadable', part })
    const types = lines.map(({ type }) => type)
    expect(types.filter((type) => type !== 'unreadable')).toEqual(
      ['manifest', 'consent', 'memory', 'usage', 'session', 'message', 'message', 'end'].filter(
        (type) => !unreadable.some((each) => each['part'] === type),
      ),
    )
    const there = createSessions().for(alice)
    expect((await there.import(lines.map((line) => `${JSON.stringify(line)}\n`))).imported).toEqual(['alice'])
  })

  it.each([alice, bob])('erasures come to their end: %o', async (user) => {
    const { over, damages } = await scene()
    await damages[part]()
    const { counts } = await over().privacy.erase({ ...user, by: 'root', reason: 'asked' })
    expect(counts).toMatchObject({ sessions: 1, messages: 2 })
    expect((await over().privacy.erasure(user))?.status).toBe('done')
  })
})

describe('where the record of a user is damaged', () => {
  it('exports are on record, under nobody’s pseudonym', async () => {
    const { over, damages } = await scene()
    await damages.consent()
    const sessions = over({ audit: { secrets: ['another secret that signs what is on record'] } })
    await linesOf(sessions.for(alice).export())
    await linesOf(sessions.for({ tenantId: 'acme', userId: 'root', roles: ['admin'] }).export())
    const told: unknown[] = []
    for await (const { action, outcome, subject } of sessions.audit.list({ tenantId: 'acme' }))
      told.push([action, outcome, subject])
    expect(told).toEqual([
      ['user.export', 'intent', 'user:unreadable'],
      ['user.export', 'done', 'user:unreadable'],
      ['tenant.export', 'intent', undefined],
      ['tenant.export', 'done', undefined],
    ])
    expect(await sessions.audit.verify({ tenantId: 'acme' })).toMatchObject({ ok: true })
  })

  it('a sweep makes good what all have used, and says of that user not whose it was', async () => {
    const { over, damages } = await scene()
    // Its process died before it wrote the usage down.
    const dying = over({ usage: { log: { append: async () => 0 } } })
    for (const user of [alice, bob]) {
      const session = await dying.for(user).get(user.userId)
      await session.turn('and?', () => [{ type: 'usage', inputTokens: 7 }, 'fine']).result
    }
    await damages.consent()
    const sessions = over()
    await sessions.sweep({ tenants: ['acme'] })
    const { total, groups } = await sessions.usage({ tenantId: 'acme', by: ['session'] })
    expect(total.inputTokens).toBe(20)
    expect(groups.map(({ sessionId, inputTokens }) => [sessionId, inputTokens])).toEqual(
      expect.arrayContaining([
        ['bob', 10],
        [undefined, 7],
      ]),
    )
  })
})

it('a question about usage names the entry that is damaged', async () => {
  const { over, damages } = await scene()
  await damages.usage()
  const asked = over().usage({ tenantId: 'acme' })
  expect(await codeOf(asked)).toBe('corrupt')
  await expect(asked).rejects.toThrow(/^Entry 1 of \d{4}-\d\d-\d\d in ~usage:acme is damaged/)
  // It keeps no other entry from being told again.
  expect(
    await over({
      usage: { prices: [{ pattern: '*', currency: 'EUR', perMillion: { input: '1', output: '1' } }] },
    }).reprice({ tenantId: 'acme' }),
  ).toBe(0)
})
