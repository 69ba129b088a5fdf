import { describe, expect, it } from 'vitest'
import { memoryStore, type SessionStore } from '../../src/index.js'
import { LineDigest } from '../../src/portability/export-line.js'
import { admin, alice, bob, codeOf, service } from '../service.js'

type Line = Record<string, unknown>

const manifest = { type: 'manifest', format: 'sessions', version: 1, tenantId: 'x', at: 1 }
const body = { state: {}, preferences: {}, cart: { items: [] }, path: [{ from: 1 }], branches: [] }
const session = {
  type: 'session',
  id: 's',
  title: 'One',
  label: 'shop',
  createdAt: 1,
  updatedAt: 2,
  lastSeq: 2,
  trimmedSeq: 0,
  bytes: 200,
  body,
}
const message = (seq: number, more: Line = {}): Line => ({
  type: 'message',
  seq,
  id: `m${seq}`,
  role: 'user',
  content: 'Hi',
  at: 5,
  tokens: 1,
  status: 'completed',
  ...more,
})
const said = [message(1), message(2)]

/** Lines with an end that is right, but for what is said otherwise. */
async function sealed(lines: readonly Line[], more: Line = {}): Promise<string[]> {
  const digest = new LineDigest()
  for (const line of lines) await digest.add(JSON.stringify(line))
  const count = (wanted: string) => lines.filter(({ type }) => type === wanted).length
  const end = { type: 'end', sessions: count('session'), messages: count('message'), digest: digest.value }
  return [...lines, { ...end, ...more }].map((line) => `${JSON.stringify(line)}\n`)
}

const withPath = (path: unknown, more: Line = {}) => [
  manifest,
  { ...session, body: { ...body, path, ...more } },
  ...said,
]
const branches = (path: unknown) => ({ branches: [{ id: 'b', path, leftAt: 1 }] })
const imported = async (lines: readonly string[]) => (await service().for(alice).import(lines)).imported

describe('an import names', () => {
  it.each<[path: string, Line[]]>([
    ['lines[1]', [{ ...manifest, format: 'others' }, session, ...said]],
    ['lines[1].version', [{ ...manifest, version: 2 }, session, ...said]],
    ['lines[2].id', [manifest, { ...session, id: '' }, ...said]],
    ['lines[2].title', [manifest, { ...session, title: 'x'.repeat(201) }, ...said]],
    ['lines[2].label', [manifest, { ...session, label: 'x'.repeat(201) }, ...said]],
    ['lines[2].userId', [manifest, { ...session, userId: '' }, ...said]],
    ['lines[2].trimmedSeq', [manifest, { ...session, trimmedSeq: 3 }]],
    ['lines[2].lastSeq', [manifest, { ...session, lastSeq: 2 ** 31, trimmedSeq: 2 ** 31 }]],
    ['lines[2].createdAt', [manifest, { ...session, createdAt: 3 }, ...said]],
    ['lines[2].bytes', [manifest, { ...session, bytes: -1 }, ...said]],
    ['lines[2].body.generation', [manifest, { ...session, body: { ...body, generation: 7 } }, ...said]],
    ['lines[2].body.summaries', [manifest, { ...session, body: { ...body, summaries: 5 } }, ...said]],
    ['lines[2].createdAt', [manifest, { ...session, createdAt: 9e15, updatedAt: 9e15 }, ...said]],
    ['lines[3].seq', [manifest, session, message(2), message(1)]],
    ['lines[3].id', [manifest, session, message(1, { id: '' }), message(2)]],
    ['lines[3].at', [manifest, session, message(1, { at: 8.64e15 + 1 }), message(2)]],
    ['lines[3].stored.at', [manifest, session, message(1, { stored: { at: 9e15 } }), message(2)]],
    ['lines[3].stored.id', [manifest, session, message(1, { stored: { id: '' } }), message(2)]],
    ['lines[3].status', [manifest, session, message(1, { status: 'streaming' }), message(2)]],
    ['lines[3]', [manifest, { type: 'gone', id: 's' }, message(1)].toSpliced(1, 0, { type: 'note' })],
    ['lines[4]', [manifest, session, message(1), { ...session, id: 't' }, message(2)]],
    ['lines[5]', [manifest, session, ...said, message(3)]],
  ])('%s, and stores nothing', async (path, lines) => {
    const sessions = service()
    const refused = sessions.for(alice).import(await sealed(lines))
    await expect(refused).rejects.toMatchObject({ code: 'invalid' })
    await expect(refused).rejects.toSatisfy(
      (error: { path: string }) => error.path === path || error.path.startsWith(`${path}.`),
      path,
    )
    expect(await sessions.for(alice).count()).toBe(path === 'lines[5]' ? 1 : 0)
  })

  it.each<[string, Line[]]>([
    ['of a branch that begins before its first message', withPath([{ from: 0 }])],
    ['that end before they begin', withPath([{ from: 2, to: 1 }, { from: 3 }])],
    ['that meet', withPath([{ from: 1, to: 1 }, { from: 1 }])],
    ['without an open end', withPath([{ from: 1, to: 2 }])],
    ['with an open end before the last', withPath([{ from: 1 }, { from: 3 }])],
    ['that begin behind what comes next', withPath([{ from: 4 }])],
    ['that end behind the last message', withPath([{ from: 1, to: 3 }, { from: 4 }])],
    ['of an old branch, with an open end', withPath([{ from: 1 }], branches([{ from: 1 }]))],
    [
      'of an old branch, that end behind the last message',
      withPath([{ from: 1 }], branches([{ from: 1, to: 3 }])),
    ],
  ])('ranges %s', async (_, lines) => {
    const refused = service()
      .for(alice)
      .import(await sealed(lines))
    await expect(refused).rejects.toMatchObject({
      code: 'invalid',
      path: expect.stringMatching(/^lines\[2\]\.body/),
    })
  })

  it.each<[string, unknown, Line?]>([
    ['of which the last is still empty', [{ from: 1, to: 2 }, { from: 3 }]],
    ['of one message', [{ from: 1, to: 1 }, { from: 2 }]],
    [
      'of old branches',
      [{ from: 1, to: 1 }, { from: 2 }],
      branches([
        { from: 1, to: 1 },
        { from: 2, to: 2 },
      ]),
    ],
  ])('no ranges %s', async (_, path, more) => {
    expect(await imported(await sealed(withPath(path, more)))).toEqual(['s'])
  })

  it.each<[string, Line]>([
    ['sessions', { sessions: 2 }],
    ['messages', { messages: 1 }],
    ['a digest', { digest: 'other' }],
    ['a field', { more: 1 }],
  ])('an end with other %s', async (_, more) => {
    const refused = service()
      .for(alice)
      .import(await sealed([manifest, session, ...said], more))
    await expect(refused).rejects.toMatchObject({
      code: 'invalid',
      path: expect.stringMatching(/^lines\[5\]/),
    })
  })

  it('what comes after the end, and an end that comes too early or not at all', async () => {
    const whole = await sealed([manifest, session, ...said])
    const codeAt = async (lines: readonly string[]) =>
      service()
        .for(alice)
        .import(lines)
        .then(
          () => 'settled',
          ({ code, path }: { code: string; path: string }) => `${code} ${path}`,
        )
    expect(await codeAt([...whole, ' \n\n'])).toBe('settled')
    expect(await codeAt([...whole, whole[1]!])).toBe('invalid lines[6]')
    expect(await codeAt([...whole, whole[4]!])).toBe('invalid lines[6]')
    expect(await codeAt(await sealed([manifest, session, message(1)]))).toBe('invalid lines[4]')
    expect(await codeAt(whole.slice(0, -1))).toBe('invalid lines[5]')
    expect(await codeAt([])).toBe('invalid lines[1]')
  })

  it('a session with more messages than one may have', async () => {
    const there = (maxMessages: number) => service({ limits: { maxMessages } }).for(alice)
    const trimmed = { ...session, lastSeq: 102, trimmedSeq: 100, body: { ...body, path: [{ from: 101 }] } }
    const lines = await sealed([manifest, trimmed, message(101), message(102)])
    await expect(there(1).import(lines)).rejects.toMatchObject({
      code: 'limit_reached',
      path: 'lines[2].lastSeq',
    })
    expect((await there(2).import(lines)).imported).toEqual(['s'])
  })

  it('messages that take more than the session says, or may take', async () => {
    const content = 'x'.repeat(3000)
    const lines = (bytes: number) =>
      sealed([manifest, { ...session, bytes }, message(1, { content }), message(2, { content })])
    expect(
      await codeOf(
        service()
          .for(alice)
          .import(await lines(900)),
      ),
    ).toBe('too_large')
    expect(
      await codeOf(
        service()
          .for(alice)
          .import(await lines(1200)),
      ),
    ).toBe('settled')
    const small = service({ limits: { maxSessionBytes: 5000 } }).for(alice)
    await expect(small.import(await lines(6000))).rejects.toMatchObject({
      code: 'too_large',
      path: 'lines[4].bytes',
    })
  })
})

describe('an import keeps', () => {
  it('messages as they are: their names, how they ended, what cannot be read, and what the store knows', async () => {
    const store = memoryStore()
    const there = service({ store }).for(alice)
    const lines = [
      message(1, { name: 'Al', metadata: { a: 1 } }),
      message(2, { role: 'assistant', content: '', status: 'failed' }),
      message(3, { role: 'assistant', content: [], status: 'aborted' }),
      message(4, { role: 'system', content: '', status: 'corrupt' }),
      message(5, { stored: { id: 'other', at: 7 } }),
      message(6, { role: 'assistant', content: '', status: 'completed' }),
    ]
    await there.import(await sealed([manifest, { ...session, lastSeq: 6, bytes: 1000 }, ...lines]))
    const { messages } = await (await there.get('s')).history({ limit: 10 })
    expect(messages.map(({ id, name, status, content, at }) => [id, name, status, content, at])).toEqual([
      ['m1', 'Al', 'completed', 'Hi', 5],
      ['m2', undefined, 'failed', '', 5],
      ['m3', undefined, 'aborted', [], 5],
      [expect.any(String), undefined, 'corrupt', expect.anything(), 5],
      ['m5', undefined, 'completed', 'Hi', 5],
      ['m6', undefined, 'completed', '', 5],
    ])
    expect(messages[0]!.metadata).toEqual({ a: 1 })
    expect(
      (await store.messages({ tenantId: 'acme', id: 's' }, { after: 4, limit: 1 })).messages,
    ).toMatchObject([{ id: 'other', at: 7 }])
    const again: Line[] = []
    for await (const line of there.export()) again.push(JSON.parse(line) as Line)
    const kept = ({ seq, id, at, role, status, name, metadata, stored }: Line) => ({
      seq,
      id,
      at,
      role,
      status,
      name,
      metadata,
      stored,
    })
    expect(again.slice(2, 7).map(kept)).toEqual(lines.slice(0, 5).map(kept))
    expect(again.find(({ type }) => type === 'session')).toMatchObject({ title: 'One', label: 'shop' })
  })

  it('no session that was gone when it was exported, however much of it came', async () => {
    const store = memoryStore()
    const there = service({ store }).for(alice)
    const many = Array.from({ length: 600 }, (_, at) => message(at + 1))
    const gone = { ...session, id: 'gone', lastSeq: 700, bytes: 100_000 }
    const other = { ...session, id: 'other' }
    const lines = await sealed([manifest, gone, ...many, { type: 'gone', id: 'gone' }, other, ...said], {
      sessions: 1,
      messages: 2,
    })
    expect(await there.import(lines)).toMatchObject({ imported: ['other'], skipped: [], messages: 2 })
    expect(await there.find('gone')).toBeUndefined()
    // Nothing is kept aside for it: the same id is free.
    const whole = { ...session, id: 'gone' }
    expect((await there.import(await sealed([manifest, whole, ...said]))).imported).toEqual(['gone'])
    // Whoever has the id already keeps it.
    expect(await there.import(lines)).toMatchObject({ imported: [], skipped: ['gone', 'other'], messages: 0 })
    expect((await there.get('gone')).record.lastSeq).toBe(2)
  })

  it('what it reads in parts of 500 messages, and never one that is empty', async () => {
    const inner = memoryStore()
    const parts: [number, boolean | undefined][] = []
    const store: SessionStore = {
      ...inner,
      restore: async (ref, copy) => {
        parts.push([copy.messages.length, copy.more])
        return inner.restore(ref, copy)
      },
    }
    const many = Array.from({ length: 1000 }, (_, at) => message(at + 1))
    const lines = await sealed([manifest, { ...session, lastSeq: 1000, bytes: 200_000 }, ...many])
    await service({ store }).for(alice).import(lines)
    expect(parts).toEqual([
      [500, true],
      [500, false],
    ])
    parts.length = 0
    const content = 'x'.repeat(1_500_000)
    const long = [1, 2, 3].map((seq) => message(seq, { content }))
    const limits = { maxSessionBytes: 100_000_000, maxMessageLength: 2_000_000 }
    await service({ store, limits })
      .for(alice)
      .import(await sealed([manifest, { ...session, id: 'long', lastSeq: 3, bytes: 5_000_000 }, ...long]))
    expect(parts).toEqual([
      [2, true],
      [1, false],
    ])
  })

  it('a session as long as a new one, and no longer', async () => {
    const now = Date.parse('2026-03-01T10:00:00Z')
    const lines = await sealed([manifest, session, ...said])
    const until = async (ttl: { idleMs?: number; absoluteMs?: number }) => {
      const there = service({ store: memoryStore({ clock: () => now }), ttl }).for(alice)
      await there.import(lines)
      const { expiresAt, createdAt } = (await there.get('s')).record
      expect(createdAt).toBe(1)
      return expiresAt === undefined ? undefined : expiresAt - now
    }
    expect(await until({ idleMs: 1000, absoluteMs: 5000 })).toBe(1000)
    expect(await until({ idleMs: 9000, absoluteMs: 5000 })).toBe(5000)
    expect(await until({ idleMs: 9000, absoluteMs: Number.POSITIVE_INFINITY })).toBe(9000)
    for (const time of ['createdAt', 'updatedAt']) {
      const there = service({ store: memoryStore({ clock: () => now }) }).for(alice)
      const of = (at: number) => ({ ...session, id: `at ${at}`, updatedAt: at, [time]: at })
      // The clock of the store that the export is of may be ahead.
      const latest = now + 60_000
      expect(await codeOf(there.import(await sealed([manifest, of(latest), ...said])))).toBe('settled')
      expect(await codeOf(there.import(await sealed([manifest, of(latest + 1), ...said])))).toBe('invalid')
    }
    // A message of tomorrow would be the newest one, and its history never over.
    const there = service({ store: memoryStore({ clock: () => now }) }).for(alice)
    for (const later of [{ at: now + 60_001 }, { stored: { at: now + 60_001 } }]) {
      const lines = await sealed([manifest, session, message(1), message(2, later)])
      await expect(there.import(lines)).rejects.toMatchObject({ code: 'invalid', path: 'lines[4].at' })
    }
    expect(
      await codeOf(
        there.import(await sealed([manifest, session, message(1), message(2, { at: now + 60_000 })])),
      ),
    ).toBe('settled')
  })
})

describe('an import is', () => {
  it('refused without the consent of the user whose the sessions become, whatever the caller says of itself', async () => {
    const credentialSecrets = ['a secret that only these tests may know']
    const sessions = service({ consent: { unsaid: { storage: false } }, credentialSecrets })
    const of = (userId: string) => sealed([manifest, { ...session, id: userId, userId }, ...said])
    const allowing = { ...admin, userId: 'root', consents: { storage: true, personalization: true } }
    expect(await codeOf(sessions.for(allowing).import(await of('bob')))).toBe('consent_missing')
    expect(await codeOf(sessions.for({ ...bob, consents: { storage: true } }).import(await of('bob')))).toBe(
      'settled',
    )
    expect(await codeOf(sessions.for(alice).import(await of('alice')))).toBe('consent_missing')
    const liking = { ...session, id: 'liking', body: { ...body, preferences: { a: 1 } } }
    const denying = { ...bob, consents: { storage: true, personalization: false } }
    await expect(
      sessions.for(denying).import(await sealed([manifest, liking, ...said])),
    ).rejects.toMatchObject({
      code: 'consent_missing',
      path: 'personalization',
    })
    await sessions.consent.set(alice, { purpose: 'storage', granted: true, version: '1', source: 'page' })
    expect(await codeOf(sessions.for(allowing).import(await of('alice')))).toBe('settled')
  })

  it('on record with how much it was, as an export is with whose', async () => {
    const audit = { secrets: ['a secret of the audit that is long enough'] }
    const sessions = service({ audit })
    const root = { ...admin, userId: 'root' }
    const drain = async (lines: AsyncIterable<string>) => {
      for await (const _ of lines);
    }
    await sessions.for(alice).import(await sealed([manifest, session, ...said]))
    await sessions.for(admin).import(await sealed([manifest, { ...session, id: 't' }, ...said]))
    await drain(sessions.for(alice).export())
    await drain(sessions.for(root).export())
    await drain(sessions.for(root).export({ userId: 'alice' }))
    const entries: string[] = []
    for await (const { action, subject, detail, outcome } of sessions.audit.list({ tenantId: 'acme' }))
      if (/export|import/.test(action))
        entries.push(
          [action, outcome, subject === undefined ? 'all' : 'one', JSON.stringify(detail ?? {})].join(' '),
        )
    const done = entries.filter((entry) => entry.includes(' done '))
    expect(done.toSorted()).toEqual([
      'sessions.import done all {"sessions":1,"messages":2}',
      'sessions.import done one {"sessions":1,"messages":2}',
      'tenant.export done all {}',
      'user.export done one {}',
      'user.export done one {}',
    ])
  })
})

it('takes what other software writes: with no counts, no body and no digest', async () => {
  const lines = [
    { type: 'manifest', format: 'sessions', version: 1 },
    { type: 'session', id: 's', createdAt: 1, updatedAt: 2, lastSeq: 2 },
    { type: 'message', seq: 1, id: 'm1', role: 'user', content: 'x'.repeat(20_000), at: 1 },
    { type: 'message', seq: 2, id: 'm2', role: 'assistant', content: 'Hi', at: 2 },
    { type: 'session', id: 't', createdAt: 1, updatedAt: 2, lastSeq: 0, body: { preferences: { a: 1 } } },
    { type: 'end', sessions: 2, messages: 2 },
  ].map((line) => `${JSON.stringify(line)}\n`)
  const mine = service().for(alice)
  expect(await mine.import(lines)).toMatchObject({ imported: ['s', 't'], messages: 2 })
  const { record } = await mine.get('s')
  expect(record).toMatchObject({ createdAt: 1, updatedAt: 2, lastSeq: 2, trimmedSeq: 0 })
  expect(record.bytes).toBeGreaterThan(20_000)
  const { messages } = await (await mine.get('s')).history()
  expect(messages.map(({ at, status }) => [at, status])).toEqual([
    [1, 'completed'],
    [2, 'completed'],
  ])
  expect(messages[0]!.tokens).toBeGreaterThan(1000)
  expect(await (await mine.get('t')).preferences.get()).toEqual({ a: 1 })
  // What it says is checked all the same.
  expect(await codeOf(service().for(alice).import(lines.toSpliced(3, 1)))).toBe('invalid')
  expect(await codeOf(service().for(alice).import(lines.toSpliced(4, 1)))).toBe('invalid')
})
