import { parseArgs } from 'node:util'
import { type CallerSessions, copySessions, createSessions, memoryStore, type Session } from '@sessions/core'
import { createSessionApi } from '@sessions/core/http'
import { measureApp } from './apps/measure-app.js'
import { appNames } from './apps/start-app.js'
import { isStoreName, startStore, storeNames } from '../torture/backends/start-store.js'
import { longestHold } from './longest-hold.js'
import { atOnce, manyCallers } from './many-callers.js'
import { manySessions } from './many-sessions.js'
import { dearRequests } from './requests.js'
import { dearSessions, makeDear } from './sessions.js'
import { storeCalls } from './store-calls.js'
import { texts } from './texts.js'

const usualBar = 50
const usage = `bench:stalls -- [--store ${storeNames.join('|')}] [--app ${appNames.join('|')}] [--only REGEX] [--tries N] [--json]

  --store  what keeps the sessions (default memory)
  --app    what holds the event loop of a demo application, its sessions in memory (default: of the library)
  --only   only cases whose name fits
  --tries  how often a case over the bar is tried, the best of which counts (default 4)
  --json   the last line is {"stalls": [{name, ms, bar}]}

Exits 1 when a case holds the event loop for more than ${usualBar} ms at a stretch, or a call of the store for more than its own bar.`
const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'memory' },
    app: { type: 'string' },
    only: { type: 'string', default: '' },
    tries: { type: 'string', default: '4' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const tries = Number(values.tries)
const app = appNames.find((name) => name === values.app)
if (values.help || !(tries >= 1) || app !== values.app || !isStoreName(values.store)) {
  console.error(usage)
  process.exit(values.help ? 0 : 2)
}
const only = new RegExp(values.only, 'i')
const alice = { tenantId: 'acme', userId: 'alice' }
const opened = await startStore(values.store, 1024 ** 3)
const { store } = opened
const stalls: { name: string; ms: number; bar: number }[] = []

/** A process that has seen nothing of any session yet. */
const fresh = (): CallerSessions => createSessions({ store, onWarning: () => {} }).for(alice)
const api = () =>
  createSessionApi({
    sessions: createSessions({ store, onWarning: () => {} }),
    identify: () => alice,
    respond: () => 'Yes',
    onError: () => {},
  })

async function measure(name: string, work: () => Promise<unknown>): Promise<void> {
  await measureWith(name, () => work)
}

/** @param prepare Not measured: what a process does once. */
async function measureWith(
  name: string,
  prepare: () => (() => Promise<unknown>) | Promise<() => Promise<unknown>>,
  bar = usualBar,
): Promise<void> {
  if (!only.test(name)) return
  let ms = Infinity
  for (let tried = 0; tried < tries && ms > bar; tried++) {
    const work = await prepare()
    ms = Math.min(ms, await longestHold(() => work().catch(() => {})))
  }
  tell(name, ms, bar)
}

function tell(name: string, ms: number, bar = usualBar): void {
  stalls.push({ name, ms: Math.round(ms * 10) / 10, bar })
  if (ms > bar || !values.json)
    console.log(`${ms > bar ? 'OVER ' : '     '}${ms.toFixed(1).padStart(7)} ms  ${name}`)
}

function end(): never {
  console.log(`${stalls.length} cases, ${stalls.filter(({ ms, bar }) => ms > bar).length} over their bar`)
  if (values.json) console.log(JSON.stringify({ stalls }))
  process.exit(stalls.length > 0 && stalls.every(({ ms, bar }) => ms <= bar) ? 0 : 1)
}

if (app !== undefined) {
  await measureApp(app, { tries, bar: usualBar, only }, tell)
  end()
}

async function measureRequest(name: string, method: string, path: string, body?: string): Promise<void> {
  const init = {
    method,
    ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
  }
  await measureWith(name, () => {
    const { handle } = api()
    return async () => {
      const response = await handle(new Request(`http://stalls.test${path}`, init))
      // As a server sends it on: a client puts it together in its own process.
      if (response.body !== null) for await (const _ of response.body);
    }
  })
}

const verbs: Readonly<Record<string, (session: Session, mine: CallerSessions) => Promise<unknown>>> = {
  context: (session) => session.context({ maxTokens: 8000, remember: false }),
  'context with a question': (session) =>
    session.context({ maxTokens: 8000, query: 'what did I say of phones and colours?' }),
  'context with a long question': (session) =>
    session.context({ maxTokens: 100_000, query: texts['distinct words']!.slice(0, 10_000) }),
  'context with much room': (session) =>
    session.context({ maxTokens: 10_000_000, remember: false, include: ['cart', 'state', 'preferences'] }),
  info: (session) => session.info(),
  read: (session) => session.read(),
  history: (session) => session.history({ limit: 1000 }),
  allMessages: (session) => session.allMessages(),
  compact: (session) => session.compact({ keepTokens: 0 }),
  fork: (session, mine) => mine.fork(session),
  copySessions: () =>
    copySessions(store, memoryStore({ maxBytes: 1024 ** 3 }), { tenants: [alice.tenantId] }),
  watch: (session) => session.watch().next(),
  'cart.add': (session) => session.cart.add({ sku: 'a', name: 'a', price: { amount: 1, currency: 'EUR' } }),
  turn: (session) => session.turn('And then?', () => 'This').result,
  'turn from 1': (session) => session.turn('And then?', () => 'This', { from: 1 }).result,
}

for (const dear of dearSessions) {
  if (values.only !== '' && !only.test(dear.name)) continue
  const { id } = await makeDear(fresh(), dear)
  for (const path of [
    '?include=messages',
    '/messages?limit=1000',
    '/context?maxTokens=8000',
    '/context?maxTokens=10000000',
    '/info',
    '/branches',
    '/cart',
    '/state',
  ]) {
    await measureRequest(`GET ${path}: ${dear.name}`, 'GET', `/sessions/${encodeURIComponent(id)}${path}`)
  }
  // The last of them leaves most of the session behind.
  for (const [verb, call] of Object.entries(verbs)) {
    await measure(`${verb}: ${dear.name}`, async () => {
      const mine = fresh()
      return call(await mine.get(id), mine)
    })
  }
  await (await fresh().get(id)).delete()
}
const rows = Array.from({ length: 33_000 }, (_, index) => [index, index % 7])
for (const [name, value] of Object.entries({ rows, 'rows as text': JSON.stringify(rows) })) {
  await measure(`a tool gives: ${name}`, async () => {
    const tools = { give: { execute: () => value } }
    const call = { type: 'tool-call' as const, toolCallId: 'c', toolName: 'give', input: {} }
    return (await fresh().create()).turn('Hi', ({ steps }) => (steps.length === 0 ? call : 'Done'), { tools })
      .result
  })
  const called = { type: 'tool-call' as const, toolCallId: 'c', toolName: 'give', input: {} }
  const result = { type: 'tool-result' as const, toolCallId: 'c', output: value }
  await measure(`append: ${name}`, async () =>
    (await fresh().create()).append([
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: [called] },
      { role: 'tool', content: [result] },
    ]),
  )
}
{
  const session = await fresh().open('a long turn')
  const { turnId } = await session.turn('Hi', async function* () {
    for (let piece = 0; piece < 30_000; piece++) yield `piece ${piece} `
  }).result
  await measure('watchTurn: 30,000 pieces', async () => {
    for await (const _ of (await fresh().get(session.id)).watchTurn(turnId));
  })
  await measureRequest('GET /turns: 30,000 pieces', 'GET', `/sessions/a%20long%20turn/turns/${turnId}`)
  await session.delete()
}
{
  for (let index = 0; index < 1000; index++) await fresh().create({ title: `Session ${index}` })
  await measure('list: 1,000 sessions', () => fresh().list({ limit: 1000 }))
  await measureRequest('GET /sessions: 1,000 sessions', 'GET', '/sessions?limit=200')
}
if (['analytics', 'search'].some((verb) => only.test(verb))) {
  const { sessions, tenantId } = await manySessions(20_000)
  await measure('analytics: 20,000 sessions', () => sessions.analytics({ tenantId, segmentBy: 'colour' }))
  const admin = sessions.for({ tenantId, roles: ['admin'] })
  await measure('search: 20,000 sessions', () => admin.search({ text: 'nothing of that kind' }))
  await measure('searchSessions: 20,000 sessions', () =>
    admin.searchSessions({ text: 'look', order: 'rank' }),
  )
}
if (Object.keys(atOnce).some((name) => only.test(`1,000 at once: ${name}`))) {
  const callers = await manyCallers(store)
  for (const [name, call] of Object.entries(atOnce))
    await measure(`1,000 at once: ${name}`, () => Promise.allSettled(callers.map(call)))
}
for (const [name, text] of Object.entries(texts)) {
  await measure(`append: ${name}`, async () =>
    (await fresh().create()).append({ role: 'user', content: text }),
  )
  await measure(`turn: ${name}`, async () => (await fresh().create()).turn(text, () => text).result)
  await measure(
    `turn, one piece at a time: ${name}`,
    async () =>
      (await fresh().create()).turn('Hi', async function* () {
        for (let at = 0; at < 60_000; at += 6) yield text.slice(at, at + 6)
      }).result,
  )
  await measure(`a tool gives: ${name}`, async () => {
    const tools = { give: { execute: () => text } }
    const call = { type: 'tool-call' as const, toolCallId: 'c', toolName: 'give', input: {} }
    return (await fresh().create()).turn('Hi', ({ steps }) => (steps.length === 0 ? call : 'Done'), { tools })
      .result
  })
}
for (const { name, method, path, body } of dearRequests) {
  const { id } = await fresh().create()
  await measureRequest(`${method} ${path}: ${name}`, method, `/sessions/${id}${path}`, body)
}
await measureRequest(
  'POST /sessions: 1,000 messages',
  'POST',
  '/sessions',
  JSON.stringify({
    messages: Array.from({ length: 1000 }, (_, index) => ({ content: `w${index} `.repeat(120) })),
  }),
)

for (const { name, bar, prepare } of storeCalls) {
  await measureWith(`store.${name}`, () => prepare(store), bar)
}

await opened.close()
end()
