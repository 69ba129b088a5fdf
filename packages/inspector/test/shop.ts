import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  createSessions,
  memoryBus,
  memoryStore,
  type Sessions,
  type SessionsOptions,
  type SessionStore,
} from '@sessions/core'
import { toNodeHandler } from '@sessions/core/node'
import { createInspector, type Inspector, type InspectorOptions } from '../src/index.js'

export const dayMs = 86_400_000
/** The moment at which everything is looked at. */
export const now = Date.parse('2026-03-20T10:00:00Z')
export const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)> ' & </title>`

export interface Shop {
  readonly sessions: Sessions
  readonly store: SessionStore
  readonly inspector: Inspector
  /** Ids of sessions. */
  readonly talk: string
  readonly hostile: string
  get(path: string, who?: string): Promise<Response>
}

const phone = { sku: 'P', name: 'Phone', price: { amount: 29_900, currency: 'EUR' } }
const topics = ['phones', 'delivery', 'bags', 'prices', 'returns', 'batteries', 'colours']

/** A shop with a few weeks behind it. */
export async function openShop(
  more: Partial<InspectorOptions> = {},
  settings: SessionsOptions = {},
): Promise<Shop> {
  let clock = now - 29 * dayMs
  const store = memoryStore({ clock: () => clock })
  const bus = memoryBus()
  const sessions = createSessions({
    store,
    bus,
    credentialSecrets: ['a secret that all processes know, and nobody else'],
    ttl: { idleMs: 90 * dayMs, absoluteMs: 365 * dayMs },
    usage: {
      prices: [
        { pattern: 'small-*', currency: 'EUR', perMillion: { input: '200', output: '900' } },
        { pattern: 'large-*', currency: 'EUR', perMillion: { input: '2000', output: '8000' } },
      ],
    },
    ...settings,
  })
  for (let day = 0; day < 30; day++, clock += dayMs) {
    for (let n = 0; n < 1 + ((day * 7) % 4); n++) {
      const mine = sessions.for({ tenantId: 'acme', userId: `user-${(day + n * 3) % 11}` })
      const session = await mine.create({ title: `Talk ${day}.${n}`, label: n % 2 === 0 ? 'shop' : 'help' })
      const topic = topics[(day + n) % topics.length]!
      const model = n % 3 === 0 ? 'large-1' : 'small-2'
      await session.turn(`What about ${topic}${n < 2 ? ', at a discount' : ''}?`, () => [
        `Here is what we know about ${topic}.`,
        { type: 'usage', inputTokens: 900 + day * 40, outputTokens: 120 + n * 30, model },
      ]).result
      for (const phase of ['browsing', 'comparing', 'buying'].slice(0, 1 + ((day + n) % 3)))
        await session.state.merge({ phase })
      if ((day + n) % 3 === 0) await session.cart.add(phone)
      if ((day + n) % 6 === 0) await session.cart.checkout()
    }
  }
  clock = now
  const mine = sessions.for({ tenantId: 'acme', userId: 'alice' })
  const talk = await mine.create({ title: 'A phone for my mother', state: { phase: 'choice' } })
  await talk.preferences.merge({ colour: 'blue', budget: '300 to 400' })
  await talk.cart.add(phone)
  for (const [index, said] of [
    'Which phones are blue?',
    'Is the battery large?',
    'I take the first one.',
  ].entries())
    await talk.turn(said, async function* () {
      yield 'Two of them are blue: '
      await new Promise((resolve) => setTimeout(resolve, 5 * (index + 1)))
      yield 'the small one and the large one. '.repeat(index + 1)
      yield { type: 'usage', inputTokens: 400 * (index + 1), outputTokens: 40, model: 'small-2' }
    }).result
  const hostile = await sessions
    .for({ tenantId: 'acme', userId: evil.slice(0, 60) })
    .create({ title: evil, label: evil.slice(0, 50), state: { text: evil } })
  await hostile.append([
    { role: 'user', content: `needle ${evil}`, name: evil.slice(0, 60), metadata: { note: evil } },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: evil },
        { type: 'note', text: evil },
      ],
    },
  ])
  await sessions.for({ tenantId: 'other', userId: 'eve' }).create({ title: 'Theirs' })
  await sessions.settled()
  const inspector = createInspector({
    sessions,
    store,
    system: 'You sell phones.',
    identify: (request) => whoIs(request.headers.get('authorization')),
    ...more,
  })
  return {
    sessions,
    store,
    inspector,
    talk: talk.id,
    hostile: hostile.id,
    get: (path, who = 'admin') =>
      inspector.handle(new Request(`https://app.test${path}`, { headers: { authorization: who } })),
  }
}

function whoIs(who: string | null) {
  if (who === 'admin') return { tenantId: 'acme', userId: 'boss', roles: ['admin'] }
  return who === 'alice' ? { tenantId: 'acme', userId: 'alice' } : undefined
}

/** The inspector behind a server, where everybody is an admin. */
export async function serve(inspector: Inspector): Promise<{ url: string; stop: () => void }> {
  const handle = toNodeHandler(inspector)
  const server: Server = createServer((req, res) => void handle(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, stop: () => void server.close() }
}
