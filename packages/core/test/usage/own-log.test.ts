import { describe, expect, it } from 'vitest'
import { memoryStore, type Sessions } from '../../src/index.js'
import type { UsageEvent, UsageGroup, UsageGrouping, UsageLog } from '../../src/usage.js'
import { alice, bob, codeOf, service } from '../service.js'

const credentialSecrets = ['a secret that all processes know, and nobody else']

/** The log of an application: an array, with as much of the contract as a test gives it. */
function ownLog(more: Partial<UsageLog> = {}) {
  const events: UsageEvent[] = []
  const log: UsageLog = {
    async append(_, added) {
      events.push(...added)
      return added.length
    },
    ...more,
  }
  return { log, events }
}

const counting = (log: UsageLog, more = {}): Sessions =>
  service({ store: memoryStore(), credentialSecrets, usage: { log }, ...more })

async function turn(sessions: Sessions, who: typeof alice): Promise<void> {
  const session = await sessions.for(who).open(`of ${who.userId}`)
  await session.turn('hello', () => [{ type: 'usage', inputTokens: 1, model: 'nano' }, 'hi']).result
  await sessions.settled()
}

/** What a call is refused with. */
const refusalOf = async (call: Promise<unknown>) =>
  call.then(
    () => 'not refused',
    ({ code, message, path }) => [code, path, message],
  )

describe('a query of usage', () => {
  const acme = { tenantId: 'acme' }

  it('is refused with what is wrong in it, and where', async () => {
    const sessions = counting(ownLog().log)
    expect(await refusalOf(sessions.usage({ ...acme, by: ['user', 'week' as 'user'] }))).toEqual([
      'invalid',
      'by[1]',
      'by[1] must be one of user, session, provider, model, label',
    ])
    for (const span of [
      { from: 5, to: 5 },
      { from: 6, to: 5 },
    ]) {
      const refusal = ['invalid', 'to', 'to must be after from']
      expect(await refusalOf(sessions.usage({ ...acme, ...span }))).toEqual(refusal)
      expect(await refusalOf(sessions.reprice({ ...acme, ...span }))).toEqual(refusal)
    }
    for (const name of ['from', 'to']) {
      expect((await refusalOf(sessions.usage({ ...acme, [name]: -1 }))).slice(0, 2)).toEqual([
        'invalid',
        name,
      ])
      expect((await refusalOf(sessions.reprice({ ...acme, [name]: 1.5 }))).slice(0, 2)).toEqual([
        'invalid',
        name,
      ])
    }
  })

  it('says which option is missing where nothing is kept', async () => {
    const sessions = service({ store: memoryStore(), credentialSecrets })
    const refusal = ['invalid', 'usage', 'usage is missing among the options of the service']
    expect(await refusalOf(sessions.usage(acme))).toEqual(refusal)
    expect(await refusalOf(sessions.reprice(acme))).toEqual(refusal)
  })

  it('says what a log cannot do', async () => {
    const sessions = counting(ownLog().log)
    const refusal = (what: string) => ['invalid', 'usage.log', `What usage.log keeps cannot ${what}.`]
    expect(await refusalOf(sessions.usage(acme))).toEqual(refusal('be read'))
    expect(await refusalOf(sessions.reprice(acme))).toEqual(refusal('be changed'))
  })

  it('has 10,000 groups at most, also of a log that gives more', async () => {
    const group = (n: number) => ({ model: `m${n}`, ...sums }) as UsageGroup
    const asked: UsageGrouping[] = []
    let count = 10_000
    const sessions = counting(
      ownLog({
        async group(grouping) {
          asked.push(grouping)
          return Array.from({ length: count }, (_, n) => group(n))
        },
        // Sums of its own go before what could be read.
        read: () => {
          throw new Error('nobody reads')
        },
      }).log,
    )
    expect((await sessions.usage({ ...acme, by: ['model'] })).groups).toHaveLength(10_000)
    expect(asked).toMatchObject([{ tenantId: 'acme', by: ['model'], maxGroups: 10_000 }])
    count++
    expect(await refusalOf(sessions.usage({ ...acme, by: ['model'] }))).toEqual([
      'too_large',
      'by',
      'There are more than 10000 groups. Ask for a shorter span, or by fewer names.',
    ])
  })

  it('stops to read where there are too many groups', async () => {
    let pages = 0
    const { log } = ownLog({
      async *read() {
        for (; pages < 20; pages++) {
          yield Array.from({ length: 1000 }, (_, n) => eventOf(`${pages}.${n}`))
        }
      },
    })
    const sessions = counting(log)
    expect(await codeOf(sessions.usage({ ...acme, by: ['model'] }))).toBe('too_large')
    expect(pages).toBe(10)
  })

  it('knows nothing of a user for whom nothing was kept', async () => {
    const sessions = counting(
      ownLog({
        read: () => {
          throw new Error('nobody reads')
        },
      }).log,
    )
    expect(await sessions.usage({ ...acme, userId: 'nobody' })).toEqual({
      groups: [],
      total: { ...sums, costs: {} },
    })
  })
})

describe('an erasure', () => {
  const erase = (sessions: Sessions) =>
    sessions.privacy.erase({ tenantId: 'acme', userId: 'alice', by: 'test', reason: 'asked' })

  it('has the log forget the user, when it can by itself', async () => {
    const asked: unknown[] = []
    const { log, events } = ownLog({
      async forget(tenantId, user) {
        asked.push([tenantId, user])
        return 1
      },
      async rewrite() {
        throw new Error('nobody rewrites')
      },
    })
    const sessions = counting(log)
    await turn(sessions, alice)
    await erase(sessions)
    expect(asked).toEqual([['acme', events[0]!.user]])
  })

  it('takes the user out of each event otherwise, and leaves those of others as they are', async () => {
    const { log, events } = ownLog({
      async rewrite({ tenantId, from, to }, change) {
        expect([tenantId, from, to]).toEqual(['acme', 0, Number.MAX_SAFE_INTEGER])
        const changed = events.map(change)
        const count = changed.filter((event, index) => event !== events[index]).length
        events.splice(0, events.length, ...changed)
        return count
      },
    })
    const sessions = counting(log)
    await turn(sessions, alice)
    await turn(sessions, bob)
    await erase(sessions)
    expect(events.map(({ user, inputTokens }) => [user === undefined, inputTokens])).toEqual([
      [true, 1],
      [false, 1],
    ])
  })

  it('is done where a log can only take', async () => {
    const { log, events } = ownLog()
    const sessions = counting(log)
    await turn(sessions, alice)
    expect(await erase(sessions)).toMatchObject({ counts: { sessions: 1 } })
    expect(events).toHaveLength(1)
  })
})

it('a sweep prunes by retention, in a log that can, and asks no other', async () => {
  const asked: unknown[] = []
  const { log } = ownLog({
    async prune(tenantId, before, limit) {
      asked.push([tenantId, before > 0, limit > 0])
      return 0
    },
  })
  const sweep = async (sessions: Sessions) => sessions.sweep({ tenants: ['acme'] })
  await sweep(counting(log))
  expect(asked).toEqual([])
  await sweep(counting(log, { retention: { usageMs: 1000 } }))
  expect(asked).toEqual([['acme', true, true]])
  await sweep(counting(ownLog().log, { retention: { usageMs: 1000 } }))
  await sweep(service({ store: memoryStore(), credentialSecrets, retention: { usageMs: 1000 } }))
})

it.each<[string, (own: ReturnType<typeof ownLog>) => Partial<UsageLog> | undefined, boolean]>([
  ['no log', () => undefined, false],
  ['one that can only take', () => ({}), false],
  [
    'one that can be read',
    ({ events }) => ({
      read: async function* () {
        yield events
      },
    }),
    true,
  ],
  ['one with sums', () => ({ group: async () => [{ ...sums, costs: {} }] }), true],
])('an export over %s has usage where it can be told', async (_, moreOf, isTold) => {
  const own = ownLog()
  const more = moreOf(own)
  const usage = more && { usage: { log: { ...own.log, ...more } } }
  const sessions = service({ store: memoryStore(), credentialSecrets, ...usage })
  await turn(sessions, alice)
  const lines: string[] = []
  for await (const line of sessions.for(alice).export()) lines.push(line)
  expect(lines.some((line) => line.includes('"type":"usage"'))).toBe(isTold)
})

const sums = {
  turns: 0,
  unpriced: 0,
  inputTokens: 0,
  outputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
}

function eventOf(model: string): UsageEvent {
  return { id: model, at: 1, model, inputTokens: 1, outputTokens: 0 } as UsageEvent
}
