import { format } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { memoryStore, type Message, SessionError, type SessionStore } from '../../src/index.js'
import { estimateTokens } from '../../src/context/token-count.js'
import { Attempts } from '../../src/service/attempts.js'
import { calling } from '../../src/async/calling.js'
import { checkRevision } from '../../src/service/check-revision.js'
import { countTokensOf } from '../../src/service/count-tokens.js'
import { toLogLine } from '../../src/http/log-line.js'
import { addCounts } from '../../src/service/hook-counts.js'
import { findKnown, sameMessage } from '../../src/service/known-message.js'
import { bytesOf, bytesOfMessage } from '../../src/service/message-bytes.js'
import { roomOf, roomUpTo } from '../../src/service/room.js'
import { readStoreTime } from '../../src/service/store-time.js'
import { afterWrite, repeatUnknown, UnknownOutcomes } from '../../src/service/unknown-outcome.js'
import { toWarn } from '../../src/service/warn.js'
import { warnOnce } from '../../src/service/warn-once.js'

afterEach(() => void vi.restoreAllMocks())

const error = (code: ConstructorParameters<typeof SessionError>[0], more: object = {}) =>
  new SessionError(code, code, more)
const settled = (work: Promise<unknown>) =>
  work.then(
    () => 'settled',
    (cause: unknown) => cause,
  )

describe('tries of a change', () => {
  it('go on after a race or a lost answer, and after nothing else', async () => {
    const attempts = new Attempts()
    expect(attempts.mayBeApplied).toBe(false)
    for (const other of [
      error('unavailable'),
      error('conflict', { messageId: 'm' }),
      new TypeError('theirs'),
    ])
      expect(await settled(attempts.again(other))).toBe(other)
    expect(await settled(attempts.again(error('conflict')))).toBe('settled')
    expect([attempts.mayBeApplied, await settled(attempts.again(error('unknown_outcome')))]).toEqual([
      false,
      'settled',
    ])
    expect(attempts.mayBeApplied).toBe(true)
    const own = new Attempts(['not_found'])
    expect(await settled(own.again(error('conflict')))).toMatchObject({ code: 'conflict' })
    expect(await settled(own.again(error('not_found')))).toBe('settled')
  })

  it('end after so many races', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    const racing = async (attempts: Attempts) => {
      for (let tries = 1; ; tries++)
        if ((await settled(attempts.again(error('conflict')))) !== 'settled' || tries === 250) return tries
    }
    // Without a pause a timer takes a millisecond.
    expect(await racing(new Attempts())).toBe(200)
  })

  it('tell a lost answer rather than that the store is away', async () => {
    const attempts = new Attempts()
    const away = error('unavailable')
    expect(attempts.told(away)).toBe(away)
    const lost = error('unknown_outcome')
    await attempts.again(lost)
    await attempts.again(error('unknown_outcome'))
    for (const code of ['unavailable', 'store_failed', 'store_full'] as const)
      expect(attempts.told(error(code))).toBe(lost)
    const refused = error('invalid')
    expect([attempts.told(refused), attempts.told(5)]).toEqual([refused, 5])
  })

  it('repeat a lost answer five times', async () => {
    const outcomes = new UnknownOutcomes()
    expect([outcomes.any, outcomes.mayRepeat(error('conflict')), outcomes.any]).toEqual([false, false, false])
    const repeats = Array.from({ length: 7 }, () => outcomes.mayRepeat(error('unknown_outcome')))
    expect(repeats).toEqual([true, true, true, true, true, false, false])
    let tries = 0
    const lost = Array.from({ length: 9 }, () => error('unknown_outcome'))
    expect(await settled(repeatUnknown(() => Promise.reject(lost[tries++]!)))).toBe(lost[5])
    expect(tries).toBe(6)
    tries = 0
    const second = () => (tries++ === 0 ? Promise.reject(error('unknown_outcome')) : Promise.resolve('done'))
    expect(await repeatUnknown(second)).toBe('done')
    const away = error('unavailable')
    expect(await settled(repeatUnknown(() => Promise.reject(away)))).toBe(away)
  })

  it('that follow a write say that it may have been made, where the store is away', async () => {
    expect(await afterWrite(async () => 5)).toBe(5)
    const away = error('unavailable')
    expect(await settled(afterWrite(() => Promise.reject(away)))).toMatchObject({
      code: 'unknown_outcome',
      message: 'A change was made, and what follows it could not be.',
      cause: away,
    })
    const refused = error('conflict')
    expect(await settled(afterWrite(() => Promise.reject(refused)))).toBe(refused)
  })

  it('insist on a revision', () => {
    const record = { revision: 5 } as never
    checkRevision(record, undefined)
    checkRevision(record, 5)
    expect(() => checkRevision(record, 4)).toThrow(
      expect.objectContaining({
        code: 'conflict',
        revision: 5,
        message: 'The session is at revision 5, not 4.',
      }),
    )
  })
})

describe('warnings', () => {
  it('are printed where nobody takes them, and once where that is asked for', () => {
    const printed = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const warning = { code: 'count_failed', message: 'said' } as const
    toWarn()(warning)
    toWarn()({ ...warning, cause: 'why' })
    const once = warnOnce()
    once(warning)
    once(warning)
    once({ code: 'redact_failed', message: 'too' })
    expect(printed.mock.calls).toEqual([
      ['[sessions]', 'count_failed: said'],
      ['[sessions]', 'count_failed: said', 'why'],
      ['[sessions]', 'count_failed: said'],
      ['[sessions]', 'redact_failed: too'],
    ])
    const told: unknown[] = []
    warnOnce((each) => told.push(each))(warning)
    toWarn((each) => void told.push(each))(warning)
    expect(told).toEqual([warning, warning])
  })

  it('are one line each, with their cause, whatever a model has said', () => {
    const printed = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const said = 'A %c\r\n[sessions] all is well\u001b[2K\u0085\u2028\u202e\u2066'
    const cause = new Error('the cause')
    toWarn()({ code: 'respond_failed', message: said, cause })
    warnOnce()({ code: 'respond_failed', message: said, cause })
    const [line, ...others] = printed.mock.calls.map((given) => format(...given).split('\n    at')[0])
    expect(others).toEqual([line])
    expect([line]).toEqual([
      String.raw`[sessions] respond_failed: A %c\u000d\u000a[sessions] all is well\u001b[2K\u0085\u2028\u202e\u2066 Error: the cause`,
    ])
    const logged = toLogLine(new SessionError('model_failed', 'a\nb', { cause }))
    expect(logged).toBe(String.raw`model_failed: a\u000ab (its cause, Error, is not shown)`)
  })

  it('that cannot be told fail nothing, at once or later', async () => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    const warning = { code: 'count_failed', message: 'said' } as const
    const failing = [
      () => {
        throw new Error('now')
      },
      () => Promise.reject(new Error('later')) as never,
    ]
    for (const each of failing) toWarn(each)(warning)
    await new Promise((resolve) => void setImmediate(resolve))
    expect(printed.mock.calls).toEqual([
      ['[sessions] onWarning failed:', new Error('now')],
      ['[sessions] onWarning failed:', new Error('later')],
    ])
    const failed = vi.fn()
    calling(() => 5, failed)
    calling(async () => 5, failed)
    await Promise.resolve()
    expect(failed).not.toHaveBeenCalled()
  })
})

describe('counts', () => {
  it('are those of the application, and the estimate where it gives none', async () => {
    const warnings: { code: string; message: string; cause?: unknown }[] = []
    const message = { role: 'user', content: 'twenty letters or so' } as const
    const counting = (given: unknown) => ({
      counting: { given: given as never },
      warn: (warning: (typeof warnings)[number]) => void warnings.push(warning),
    })
    expect(countTokensOf(counting(undefined))).toBe(estimateTokens)
    const service = counting(() => 7)
    expect([countTokensOf(service)(message), countTokensOf(service)]).toEqual([7, countTokensOf(service)])
    expect([countTokensOf(counting(() => 0))(message), warnings]).toEqual([0, []])
    const gave = (value: unknown) => {
      expect(countTokensOf(counting(() => value))(message)).toBe(estimateTokens(message))
      return warnings.splice(0)
    }
    for (const [value, said] of [
      [-1, '-1'],
      [Number.NaN, 'NaN'],
      [Infinity, 'Infinity'],
      ['7', '7'],
      [undefined, 'undefined'],
      [Promise.reject(new Error('x')), 'a promise'],
    ] as const)
      expect(gave(value)).toEqual([
        { code: 'count_failed', message: `countTokens gave ${said}; an estimate is used.` },
      ])
    const cause = new Error('odd')
    const failing = counting(() => {
      throw cause
    })
    expect(countTokensOf(failing)(message)).toBe(estimateTokens(message))
    expect(warnings).toEqual([
      { code: 'count_failed', message: 'countTokens failed; an estimate is used.', cause },
    ])
  })

  it('of a hook are added, and what is no count is left out', () => {
    const counts: Record<string, number> = { a: 1 }
    for (const more of [
      null,
      undefined,
      5,
      'text',
      { a: 2, b: 3, c: -1, d: 1.5, e: Number.NaN, f: '4', g: 0 },
    ])
      addCounts(counts, more as never)
    expect(counts).toEqual({ a: 3, b: 3, g: 0 })
  })

  it('of the room are the limits, where there are any', () => {
    const limits = (maxMessages: number, maxSessionBytes: number) => ({
      limits: { maxMessages, maxSessionBytes } as never,
    })
    expect(roomOf(limits(Infinity, Infinity))).toEqual({})
    expect(roomOf(limits(5.5, 9.9))).toEqual({ maxSeq: 5, maxBytes: 9 })
    const to = (upTo: number | undefined, most = Infinity) => roomUpTo(limits(most, Infinity), upTo, 2)
    expect([to(undefined), to(undefined, 9), to(4), to(4, 9), to(4, 5)]).toEqual([
      {},
      { maxSeq: 9 },
      { maxSeq: 6 },
      { maxSeq: 6 },
      { maxSeq: 5 },
    ])
  })

  it('of bytes in memory are rather too many', () => {
    expect([
      bytesOf(undefined),
      bytesOf('four'),
      bytesOf('fÿur'),
      bytesOf('漢字'),
      bytesOf(5),
      bytesOf(true),
    ]).toEqual([0, 28, 28, 28, 8, 0])
    expect([
      bytesOf([]),
      bytesOf([5, 'a']),
      bytesOf({}),
      bytesOf({ key: 5 }),
      bytesOf({ a: [{ b: null }] }),
    ]).toEqual([40, 40 + 16 + 8 + 25, 40, 40 + 19 + 8, 40 + 17 + 48 + 40 + 17])
    const message = { id: 'm', content: 'text' } as Message
    expect(bytesOfMessage(message)).toBe(250 + 25 + 28)
    expect(bytesOfMessage({ ...message, name: 'n' })).toBe(250 + 25 + 25 + 28)
    expect(bytesOfMessage({ ...message, metadata: { a: 1 } })).toBe(250 + 25 + 28 + 40 + 17 + 8)
    const parts = [{ type: 'text', text: 'a' }] as never
    const own = 250 + 25 + bytesOf(parts)
    expect(bytesOfMessage({ ...message, content: parts, metadata: { a: 1 } })).toBe(own * 1.25 + 65)
  })
})

describe('a known message', () => {
  it('is the same by what it says, whatever was noted of it', () => {
    const said = { role: 'user', content: 'Hi' } as const
    const same = (one: object, other: object) =>
      sameMessage({ ...said, ...one } as never, { ...said, ...other })
    expect(same({}, { status: 'completed', metadata: { annotations: { rating: 'up' } } })).toBe(true)
    for (const other of [
      { role: 'assistant' },
      { content: 'Ho' },
      { name: 'Ada' },
      { status: 'failed' },
      { metadata: { a: 1 } },
    ])
      expect(same({}, other), JSON.stringify(other)).toBe(false)
    expect(same({ metadata: { a: 1, annotations: {} } }, { metadata: { a: 1 } })).toBe(true)
  })

  it('is looked for in five pages', async () => {
    const ref = { tenantId: 'acme', id: 's' }
    const store = memoryStore()
    const payload = JSON.stringify({ role: 'user', content: 'Hi', tokens: 1 })
    const messages = Array.from({ length: 1000 }, (_, n) => ({ id: `m${n + 1}`, payload }))
    await store.commit(ref, { revision: 0, messages })
    await store.commit(ref, { messages: [{ id: 'last', payload }] })
    const asked: unknown[] = []
    const live = {
      ref,
      service: {
        store: {
          ...store,
          messages: async (of: never, query: never) => (asked.push(query), store.messages(of, query)),
        },
      },
    }
    const find = async (id: string, from = 0) => {
      asked.length = 0
      return (await findKnown(live as never, id, from)).map(({ message, storeId }) => [message.seq, storeId])
    }
    expect(await find('m1000')).toEqual([[1000, 'm1000']])
    expect(asked).toEqual([0, 200, 400, 600, 800].map((from) => ({ after: from, limit: 200 })))
    expect(await find('last')).toEqual([])
    expect(await find('last', 900)).toEqual([[1001, 'last']])
    expect(asked).toEqual([{ after: 900, limit: 200 }])
    expect(await find('m900', 900)).toEqual([])
  })
})

it('the time of a store is that of its own commit, of a record that is made when it is needed', async () => {
  const store = memoryStore({ clock: () => 1_700_000_000_000 })
  const commits: object[] = []
  const tenants = new Set<string>()
  let lost = 0
  let reads = 0
  const told: SessionStore = {
    ...store,
    read: async (...given) => (reads++, store.read(...given)),
    commit: async (ref, change) => {
      tenants.add(ref.tenantId)
      commits.push(change)
      if (lost-- > 0) throw error('unknown_outcome')
      return store.commit(ref, change)
    },
  }
  expect(await readStoreTime({ store: told }, 'acme')).toBe(1_700_000_000_000)
  expect(commits[0]).toEqual({ idleMs: 3_600_000 })
  expect(commits[1]).toMatchObject({ revision: 0, idleMs: 3_600_000 })
  expect([reads, [...tenants]]).toEqual([0, ['~clock:acme']])
  lost = 1
  expect(await readStoreTime({ store: told }, 'acme')).toBe(1_700_000_000_000)
  const away = error('unavailable')
  const failing: SessionStore = { ...store, commit: async () => Promise.reject(away) }
  expect(await settled(readStoreTime({ store: failing }, 'acme'))).toBe(away)
})
