import { describe, expect, it } from 'vitest'
import { memoryStore, type SessionsOptions } from '../../src/index.js'
import { LineDigest } from '../../src/portability/export-line.js'
import { admin, alice, bob, codeOf, service } from '../service.js'

type Line = Record<string, unknown>

async function linesOf(pieces: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = []
  for await (const piece of pieces) found.push(piece)
  return found
}

/** What an export says, without when it was made and what was said of it at its end. */
const said = (lines: readonly string[]) =>
  lines.map((line) => JSON.parse(line) as Line).filter(({ type }) => type !== 'manifest' && type !== 'end')

/** Lines with a right end, as a client could make them. */
async function sealed(lines: readonly Line[]): Promise<string[]> {
  const digest = new LineDigest()
  for (const line of lines) await digest.add(JSON.stringify(line))
  const count = (wanted: string) => lines.filter(({ type }) => type === wanted).length
  const end = { type: 'end', sessions: count('session'), messages: count('message'), digest: digest.value }
  return [...lines, end].map((line) => `${JSON.stringify(line)}\n`)
}

async function talked(options: SessionsOptions = {}) {
  const sessions = service(options)
  const mine = sessions.for(alice)
  const one = await mine.create({ title: 'One', label: 'shop', state: { phase: 'buying', '10': 1, '9': 2 } })
  await one.turn({ content: 'Two phones', id: 'm1' }, async function* () {
    yield 'Here'
    yield { type: 'usage', inputTokens: 7, outputTokens: 3 }
  }).result
  await one.cart.add({ sku: 'P1', name: 'Phone', price: { amount: 100, currency: 'EUR' } })
  await one.remember({ text: 'likes blue' })
  await one.rewind(0)
  await one.turn({ content: 'Three phones', id: 'm1' }, () => 'There').result
  await one.redact(2)
  const two = await mine.create()
  const many = Array.from({ length: 1200 }, (_, index) => ({ role: 'user' as const, content: `m${index}` }))
  await two.append(many)
  return { sessions, mine, one, two }
}

it('gives what was exported: ids, times, branches, and the course of the conversation', async () => {
  const { mine, one } = await talked()
  const lines = await linesOf(mine.export())
  const there = service().for(alice)
  const report = await there.import(lines)
  expect(report.messages).toBe(1204)
  expect(report.skipped).toEqual([])
  const again = await linesOf(there.export())
  const byId = (all: Line[]) => all.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  expect(byId(said(again))).toEqual(byId(said(lines)))
  const session = await there.get(one.id)
  expect((await session.history()).messages).toEqual((await one.history()).messages)
  expect(await session.branches()).toEqual(await one.branches())
  expect(session.record.createdAt).toBe(one.record.createdAt)
  // It goes on where it was.
  expect((await session.turn('And now?', () => 'On').result).reply.seq).toBe(6)
})

it('takes bytes in pieces of any length', async () => {
  const { mine } = await talked()
  const bytes = new TextEncoder().encode(
    (await linesOf(mine.export())).join('').replaceAll('There', 'Dort 🙂'),
  )
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += 997) yield bytes.subarray(at, at + 997)
  }
  // The words were changed, so the digest at the end says so; all sessions are there.
  const there = service().for(alice)
  expect(await codeOf(there.import(pieces()))).toBe('invalid')
  expect(await there.count()).toBe(2)
})

it('takes a text or bytes as a whole, and refuses what holds no text', async () => {
  const { mine } = await talked()
  const text = (await linesOf(mine.export())).join('')
  for (const source of [text, new TextEncoder().encode(text)]) {
    expect((await service().for(alice).import(source)).imported).toHaveLength(2)
  }
  for (const wrong of [undefined, null, 5, false, {}, new Date(), () => text, [1, 2], [text, {}]]) {
    const there = service().for(alice)
    expect(await codeOf(there.import(wrong as never)), typeof wrong).toBe('invalid')
  }
})

it('makes the sessions the caller’s; an admin keeps whose they are', async () => {
  const { mine } = await talked()
  const lines = await linesOf(mine.export())
  const sessions = service()
  const report = await sessions.for(bob).import(lines)
  expect(await sessions.for(bob).count()).toBe(2)
  expect(await sessions.for(alice).count()).toBe(0)
  expect((await sessions.for(bob).import(lines)).skipped).toEqual(report.imported)
  const others = service()
  await others.for(admin).import(lines)
  expect(await others.for(alice).count()).toBe(2)
})

it('shows nothing of a session before its last message', async () => {
  const { mine, two } = await talked()
  const lines = await linesOf(mine.export({ label: 'none' }))
  expect(lines).toHaveLength(2)
  const whole = await linesOf(two.export())
  const store = memoryStore()
  const there = service({ store }).for(alice)
  async function* cut() {
    for (const line of whole.slice(0, 1150)) {
      yield line
      expect(await there.find(two.id)).toBeUndefined()
      expect((await store.list({ tenantId: 'acme', limit: 10 })).items).toEqual([])
    }
  }
  await expect(there.import(cut())).rejects.toMatchObject({ code: 'invalid', path: 'lines[1151]' })
  expect(await there.find(two.id)).toBeUndefined()
  // The whole of it can come later.
  expect((await there.import(whole)).imported).toEqual([two.id])
})

it('is refused to a caller whose sessions may not be stored: nobody could open them', async () => {
  const { mine } = await talked()
  const lines = await linesOf(mine.export())
  const sessions = service({ consent: {}, credentialSecrets: ['a secret that only these tests may know'] })
  const there = sessions.for({ ...alice, consents: { storage: false } })
  await expect(there.import(lines)).rejects.toMatchObject({ code: 'consent_missing', path: 'storage' })
  expect(await there.count()).toBe(0)
  expect((await sessions.for(alice).import(lines)).imported).toHaveLength(2)
})

it('is for who can own a session', async () => {
  expect(await codeOf(service().for({ tenantId: 'acme' }).import([]))).toBe('unauthenticated')
})

it('keeps to limits, and redacts', async () => {
  const { mine } = await talked()
  const lines = await linesOf(mine.export())
  const small = service({ limits: { maxMessages: 100 } }).for(alice)
  expect(await codeOf(small.import(lines))).toBe('limit_reached')
  const few = service({ limits: { maxSessionsPerUser: 1 } }).for(alice)
  expect(await codeOf(few.import(lines))).toBe('limit_reached')
  expect(await few.count()).toBe(1)
  const redacting = service({ redact: (text) => text.replaceAll('phones', '[things]') }).for(alice)
  await redacting.import(lines)
  expect((await linesOf(redacting.export())).join('')).not.toContain('phones')
})

it('lets an old session live as long as a new one', async () => {
  const { one } = await talked()
  const [manifest, session, ...rest] = (await linesOf(one.export()))
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line)
  const old = { ...session, createdAt: 1000, updatedAt: 2000 }
  const there = service({ ttl: { idleMs: 60_000, absoluteMs: 120_000 } }).for(alice)
  await there.import(await sealed([manifest!, old, ...rest]))
  const imported = await there.get(one.id)
  expect(imported.record).toMatchObject({ createdAt: 1000, updatedAt: 2000 })
  await imported.append({ role: 'user', content: 'still there' })
  expect((await there.get(one.id)).record.expiresAt).toBeGreaterThan(Date.now() + 50_000)
})

describe('a line that is wrong', () => {
  const manifest = { type: 'manifest', format: 'sessions', version: 1, tenantId: 'x', at: 1 }
  const body = {
    state: {},
    preferences: {},
    cart: { items: [] },
    cartCounts: { added: 0, removed: 0, purchased: 0 },
    orders: [],
    facts: [],
    summaries: [],
    path: [{ from: 1 }],
    branches: [],
  }
  const session = {
    type: 'session',
    id: 's',
    createdAt: 1,
    updatedAt: 2,
    lastSeq: 1,
    trimmedSeq: 0,
    bytes: 100,
    body,
  }
  const message = {
    type: 'message',
    seq: 1,
    id: 'm',
    role: 'user',
    content: 'Hi',
    at: 1,
    tokens: 1,
    status: 'completed',
  }
  const proto = JSON.parse('{"type":"message","seq":1,"__proto__":{"a":1}}') as Line

  it('is not this one', async () => {
    const there = service().for(alice)
    expect((await there.import(await sealed([manifest, session, message]))).imported).toEqual(['s'])
  })

  it('is not one of many, of which a report names the first, and counts the others', async () => {
    const idOf = (n: number) => String(n).padStart(128, '0')
    const empty = (id: string) => ({ ...session, id, lastSeq: 0, bytes: 0 })
    const ids = Array.from({ length: 600 }, (_, n) => idOf(n))
    const lines = await sealed([manifest, ...ids.map(empty)])
    const there = service({ limits: { maxSessionsPerUser: 1000 } }).for(alice)
    const told = { messages: 0, leftOff: { imported: 88, skipped: 0 } }
    expect(await there.import(lines)).toEqual({ ...told, imported: ids.slice(0, 512), skipped: [] })
    const again = { messages: 0, leftOff: { imported: 0, skipped: 88 } }
    expect(await there.import(lines)).toEqual({ ...again, imported: [], skipped: ids.slice(0, 512) })
    expect(await there.count()).toBe(600)
  })

  it.each<[string, Line[]]>([
    ['no manifest', [session, message]],
    ['another version', [{ ...manifest, version: 2 }, session, message]],
    ['a message without a session', [manifest, message]],
    ['a message that is missing', [manifest, session]],
    ['a session before the one before is whole', [manifest, session, { ...session, id: 't' }]],
    ['a gap', [manifest, session, { ...message, seq: 2 }]],
    ['an unknown role', [manifest, session, { ...message, role: 'root' }]],
    ['an unknown field', [manifest, session, { ...message, extra: 1 }]],
    ['a part without its field', [manifest, session, { ...message, content: [{ type: 'tool-call' }] }]],
    ['a key that reaches a prototype', [manifest, session, proto]],
    ['a bad id', [manifest, { ...session, id: '' }, message]],
    ['a time to come', [manifest, { ...session, updatedAt: 9e15 }, message]],
    ['an unknown part of the body', [manifest, { ...session, body: { ...body, generation: 7 } }, message]],
    ['a cart of nonsense', [manifest, { ...session, body: { ...body, cart: { items: [{}] } } }, message]],
    [
      'a path that goes back',
      [manifest, { ...session, body: { ...body, path: [{ from: 1, to: 1 }, { from: 1 }] } }, message],
    ],
    [
      'a path without an end',
      [manifest, { ...session, body: { ...body, path: [{ from: 1, to: 1 }] } }, message],
    ],
    ['a title that is too long', [manifest, { ...session, title: 'x'.repeat(201) }, message]],
    ['another digest', [manifest, session, message, { type: 'end', sessions: 1, messages: 1, digest: 'x' }]],
  ])('%s: stores nothing', async (what, lines) => {
    const there = service().for(alice)
    expect(await codeOf(there.import(await sealed(lines)))).toBe('invalid')
    // All of the session came before the end, which alone is wrong.
    expect(await there.count()).toBe(what === 'another digest' ? 1 : 0)
  })

  it.each<[string, string]>([
    ['no JSON', '{"type":'],
    ['nested too deep', `${'['.repeat(10_000)}${']'.repeat(10_000)}`],
    ['no object', '[]'],
  ])('%s: is named', async (_, line) => {
    const there = service().for(alice)
    await expect(there.import([`${JSON.stringify(manifest)}\n${line}\n`])).rejects.toMatchObject({
      code: 'invalid',
      path: expect.stringMatching(/^lines\[2\]/),
    })
  })

  it('that never ends is refused before it fills the memory', async () => {
    let pieces = 0
    function* endless() {
      for (;;) {
        pieces++
        yield 'x'.repeat(100_000)
      }
    }
    expect(await codeOf(service().for(alice).import(endless()))).toBe('too_large')
    expect(pieces).toBeLessThan(30)
  })

  it('that says less than the messages take is refused', async () => {
    const there = service().for(alice)
    const large = { ...message, content: 'x'.repeat(10_000) }
    expect(await codeOf(there.import(await sealed([manifest, session, large])))).toBe('too_large')
    expect(await there.count()).toBe(0)
  })
})
