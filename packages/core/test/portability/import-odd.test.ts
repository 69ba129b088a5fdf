import { expect, it } from 'vitest'
import { memoryStore } from '../../src/index.js'
import { LineDigest } from '../../src/portability/export-line.js'
import { alice, codeOf, service } from '../service.js'

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const piece of pieces) text += piece
  return text
}

async function talked(messages = 2) {
  const mine = service().for(alice)
  const session = await mine.create({
    title: 'To secret',
    state: { phase: 'secret', to: ['a secret'] },
    preferences: { mail: 'my secret' },
  })
  const said = Array.from({ length: messages }, (_, index) => ({
    role: 'user' as const,
    content: `Say ${index}`,
  }))
  await session.append(said)
  await session.remember({ text: 'has a secret', subject: 'the secret' })
  await session.cart.add({ sku: 'A', name: 'A', quantity: 2, price: { amount: 5, currency: 'EUR' } })
  await session.cart.checkout()
  await session.cart.add({ sku: 'B', name: 'B', price: { amount: 5, currency: 'EUR' } })
  return { session, text: await textOf(mine.export()) }
}

interface Item {
  id: string
  sku: string
  quantity: number
  price: { amount: number; currency: string }
  addedAt: number
}

interface Body {
  usage?: object
  turnCount?: number
  cartCounts: { added: number; removed: number; purchased: number }
  facts: { at: number }[]
  branches: unknown[]
  state: Record<string, unknown>
  cart: { items: [Item, ...Item[]] }
  orders: [{ items: [Item]; total: { amount: number }; placedAt: number }]
  summaries: unknown[]
  journey?: string[]
}

/** The export with another body, and a right end. */
async function withBody(text: string, change: (body: Body) => void): Promise<string> {
  const digest = new LineDigest()
  const lines: string[] = []
  for (const line of text.trimEnd().split('\n').slice(0, -1)) {
    const said = JSON.parse(line) as { type: string; body: Body }
    if (said.type === 'session') change(said.body)
    lines.push(JSON.stringify(said))
    await digest.add(lines.at(-1)!)
  }
  const messages = lines.length - 2
  return [...lines, JSON.stringify({ type: 'end', sessions: 1, messages, digest: digest.value })].join('\n')
}

it('redacts every text of a session that a new one would have redacted', async () => {
  const { text } = await talked()
  const summed = await withBody(text, (body) => {
    body.summaries = [{ from: 1, to: 1, text: 'of a secret', tokens: 3, at: 1 }]
    body.journey = ['secret']
  })
  const there = service({ redact: (said) => said.replaceAll('secret', '***') }).for(alice)
  await there.import(summed)
  const again = await textOf(there.export())
  expect(again).toContain('To ***')
  expect(again).not.toContain('secret')
})

it('is refused as a whole when a text of its session cannot be redacted', async () => {
  const { text } = await talked()
  const redact = (said: string): string => {
    if (said === 'my secret') throw new Error('away')
    return said
  }
  const there = service({ redact, onWarning: () => undefined }).for(alice)
  expect(await codeOf(there.import(text))).toBe('redaction_failed')
  expect(await there.count()).toBe(0)
})

it.each<[string, (body: Body) => void]>([
  ['body.cart.items[0].quantity', (body) => (body.cart.items[0].quantity = -4)],
  ['body.cart.items[0].quantity', (body) => (body.cart.items[0].quantity = 10_001)],
  ['body.cart.items[0].price.amount', (body) => (body.cart.items[0].price.amount = -5)],
  ['body.cart.items[0].price.currency', (body) => (body.cart.items[0].price.currency = 'euro')],
  ['body.cart.items[0].sku', (body) => (body.cart.items[0].sku = '')],
  ['body.cart.items', (body) => body.cart.items.push(body.cart.items[0])],
  [
    'body.cart.items',
    (body) =>
      body.cart.items.push({
        ...body.cart.items[0],
        id: 'x',
        price: { amount: 1, currency: 'USD' },
      }),
  ],
  ['body.orders[0].items[0].quantity', (body) => (body.orders[0].items[0].quantity = 0)],
  ['body.orders[0].total.amount', (body) => (body.orders[0].total.amount = -10)],
  // No date shows such a time, and no count goes on from such a one.
  ['body.cart.items[0].addedAt', (body) => (body.cart.items[0].addedAt = 8.64e15 + 1)],
  ['body.orders[0].placedAt', (body) => (body.orders[0].placedAt = 1e21)],
  ['body.facts[0].at', (body) => (body.facts[0]!.at = Number.MAX_SAFE_INTEGER)],
  ['body.summaries[0].at', (body) => body.summaries.push({ from: 1, to: 1, text: 'a', tokens: 1, at: -1 })],
  ['body.branches[0].leftAt', (body) => body.branches.push({ id: 'b', path: [], leftAt: 1e16 })],
  ['body.cartCounts.added', (body) => (body.cartCounts.added = Number.MAX_SAFE_INTEGER)],
  ['body.cartCounts.removed', (body) => (body.cartCounts.removed = Number.MAX_SAFE_INTEGER)],
  ['body.cartCounts.purchased', (body) => (body.cartCounts.purchased = Number.MAX_SAFE_INTEGER)],
  ['body.turnCount', (body) => (body.turnCount = Number.MAX_SAFE_INTEGER)],
  [
    'body.usage.turns',
    (body) => (body.usage = { turns: 2 ** 52, inputTokens: 0, outputTokens: 0, costMicros: 0 }),
  ],
])('stores no cart, time and count that there could not have been: %s', async (path, change) => {
  const { text } = await talked()
  const there = service().for(alice)
  await expect(there.import(await withBody(text, change))).rejects.toMatchObject({
    code: 'invalid',
    path: `lines[2].${path}`,
  })
  expect(await there.count()).toBe(0)
})

it('counts the bytes of the messages as they are stored, whatever the export says', async () => {
  const { text, session } = await talked(1200)
  const store = memoryStore()
  const redact = (said: string): string => (said.startsWith('Say') ? said.replace('Say', 'They said') : said)
  const there = service({ store, redact }).for(alice)
  await there.import(text)
  const ref = { ...alice, id: session.id }
  let bytes = 0
  for (let after = 0, more = true; more; after += 1000) {
    const page = await store.messages(ref, { after, limit: 1000, order: 'asc' })
    for (const { payload } of page.messages) bytes += Buffer.byteLength(payload)
    more = page.more
  }
  expect((await store.read(ref))?.record.bytes).toBe(bytes)
  const imported = await there.get(session.id)
  expect(imported.record.bytes).toBeGreaterThan(session.record.bytes)
})

it('says at the line of a session that it has too many messages', async () => {
  const { text } = await talked(3)
  const there = service({ limits: { maxMessages: 2 } }).for(alice)
  await expect(there.import(text)).rejects.toMatchObject({ code: 'limit_reached', path: 'lines[2].lastSeq' })
})

it('says at the line of a session that it is too large', async () => {
  const { text } = await talked()
  const there = service({ limits: { maxSessionLength: 1000 } }).for(alice)
  const large = await withBody(text, (body) => (body.state.note = 'x'.repeat(1000)))
  await expect(there.import(large)).rejects.toMatchObject({ code: 'too_large', path: 'lines[2].session' })
})

it('tells one of two imports at once that the session is there', async () => {
  const { session, text } = await talked()
  const there = service().for(alice)
  const reports = await Promise.all([there.import(text), there.import(text)])
  expect(reports.map(({ imported }) => imported.length).toSorted()).toEqual([0, 1])
  expect(reports.flatMap(({ skipped }) => skipped)).toEqual([session.id])
})

it.each<[string, (text: string) => string | Uint8Array]>([
  ['a mark of its byte order', (text) => `\ufeff${text}`],
  ['such a mark as bytes', (text) => Buffer.from(`\ufeff${text}`)],
  ['line ends of Windows', (text) => text.replaceAll('\n', '\r\n')],
  ['both', (text) => `\ufeff${text.replaceAll('\n', '\r\n')}`],
])('reads a file that an editor has given %s', async (_, edited) => {
  const { session, text } = await talked()
  const there = service().for(alice)
  expect((await there.import(edited(text))).imported).toEqual([session.id])
  // Sign by sign, also between the two signs that end a line.
  const signs = Array.from(Buffer.from(edited(text)), (byte) => Uint8Array.of(byte))
  expect((await service().for(alice).import(signs)).imported).toEqual([session.id])
})

it('says at which line another import of the same session was in its way', async () => {
  const { text } = await talked(1200)
  const there = service().for(alice)
  const settled = await Promise.allSettled([there.import(text), there.import(text), there.import(text)])
  const refused = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []))
  expect(refused.length).toBeGreaterThan(0)
  for (const reason of refused) {
    expect(reason).toMatchObject({
      code: 'conflict',
      path: expect.stringMatching(/^lines\[\d+\]$/) as string,
      message: expect.stringMatching(/^lines\[\d+\]: /) as string,
    })
  }
  expect(await there.count()).toBe(1)
})

it.each<[string, (lines: string) => string | Uint8Array]>([
  ['a text', (lines) => lines],
  ['bytes', (lines) => Buffer.from(lines)],
])('lets other work go on over empty lines, in %s', async (_, sourceOf) => {
  // What imports is loaded with its first use.
  expect(await codeOf(service().for(alice).import(''))).toBe('invalid')
  let turns = 0
  let isOver = false
  const count = (): void => {
    turns++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  const source = sourceOf('\n'.repeat(1_000_000))
  expect(await codeOf(service().for(alice).import(source))).toBe('invalid')
  isOver = true
  // Each turn of the loop has some milliseconds, and a million lines take many of them.
  expect(turns).toBeGreaterThan(5)
})

it.each([
  ['1234567890123456789', false],
  ['-9007199254740993', false],
  ['9007199254740992', true],
  ['12345678901234567.5', true],
  ['"1234567890123456789"', true],
])('takes no number that it could not keep: %s', async (number, isTaken) => {
  const at = 1_700_000_000_000
  const lines = [
    '{"type":"manifest","format":"sessions","version":1}',
    `{"type":"session","id":"old-1","createdAt":${at},"updatedAt":${at},"lastSeq":1}`,
    `{"type":"message","seq":1,"id":"0","role":"user","content":"a","at":${at},"metadata":{"order":${number}}}`,
    '{"type":"end","sessions":1,"messages":1}',
  ]
  const there = service().for(alice)
  const imported = there.import(lines.map((line) => `${line}\n`).join(''))
  if (isTaken) expect((await imported).imported).toEqual(['old-1'])
  else await expect(imported).rejects.toMatchObject({ code: 'invalid', path: 'lines[3]' })
})

it('names what a source may yield, where it yields objects', async () => {
  const objects = [{ type: 'manifest', format: 'sessions', version: 1 }] as never
  await expect(service().for(alice).import(objects)).rejects.toMatchObject({
    code: 'invalid',
    path: 'source',
    message: 'source yields neither texts nor bytes of UTF-8',
  })
})
