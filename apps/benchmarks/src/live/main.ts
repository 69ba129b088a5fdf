import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { createSessions, newId, type Session, type Sessions } from '@sessions/core'
import { median, medianRatio } from '../stores/statistics.js'
import { Servers } from '../stores/servers.js'
import { hotReads } from './hot.js'
import { credentialSecrets, type LiveBackend, machineNow, openLive, watched } from './open.js'
import type { Told } from './watcher.js'

const bars = { heardMs: 50, share: 0.95, idleReads: 0, hotRatio: 20 }
const usage = `bench:live -- [--store NAME] [--changes N] [--rounds N] [--json]

  --store    redis or postgres (default: both)
  --changes  how many changes a watcher in another process hears of (default 200)
  --rounds   how often a slice of commits with the bus is compared with one without (default 30)
  --json     the last line is {"live": [{backend, heardMs, share, idleReads, hotRatio}], "bars": {...}}

Exits 1 when the median until a watcher hears of a change is over ${bars.heardMs} ms, when commits with the bus are fewer
than ${bars.share} of those without, when a watcher reads the store while nothing changes, or when reads from memory are fewer
than ${bars.hotRatio} for each read of the store.`

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: '' },
    changes: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '30' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const [changes, rounds] = [Number(values.changes), Number(values.rounds)]
const backends = (['redis', 'postgres'] as const).filter(
  (name) => values.store === '' || values.store === name,
)
if (values.help || backends.length === 0 || !(changes >= 1) || !(rounds >= 1)) {
  console.error(usage)
  process.exit(values.help ? 0 : 2)
}
const writers = 16
const sliceMs = 250
// Longer than a watcher without a bus waits before it asks again.
const idleMs = 2000

const live: { backend: LiveBackend; heardMs: number; share: number; idleReads: number; hotRatio: number }[] =
  []
const servers = new Servers()
try {
  for (const backend of backends) live.push(await measure(backend, await servers.urlOf(backend)))
} finally {
  await servers.stop()
}
if (values.json) console.log(JSON.stringify({ live, bars }))
const isGood = live.every(
  ({ heardMs, share, idleReads, hotRatio }) =>
    heardMs <= bars.heardMs &&
    share >= bars.share &&
    idleReads <= bars.idleReads &&
    hotRatio >= bars.hotRatio,
)
process.exitCode = isGood ? 0 : 1

async function measure(backend: LiveBackend, url: string): Promise<(typeof live)[number]> {
  const { store, bus, close } = await openLive(backend, url)
  const withBus = createSessions({ store, bus, credentialSecrets })
  const without = createSessions({ store, credentialSecrets })
  const session = await withBus.for(watched).create({ id: newId() })
  const watcher = fork(new URL('watcher.js', import.meta.url), [backend, url, session.id])
  const [heardFirst] = await nextTold(watcher)
  if (!('heard' in heardFirst!)) throw new Error('The watcher has not begun.')

  const waits: number[] = []
  for (let change = 0; change < changes; change++) {
    const told = nextTold(watcher)
    const begun = machineNow()
    await session.append({ role: 'user', content: `change ${change}` })
    const [heard] = await told
    if (heard !== undefined && 'heard' in heard) waits.push(heard.at - begun)
  }
  const before = await readsOf(watcher)
  await new Promise((resolve) => setTimeout(resolve, idleMs))
  const idleReads = (await readsOf(watcher)) - before

  const [on, off] = [await handlesOf(withBus), await handlesOf(without)]
  const rates: Record<'on' | 'off', number[]> = { on: [], off: [] }
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? (['on', 'off'] as const) : (['off', 'on'] as const)
    for (const name of order) rates[name].push(await commitsOf(name === 'on' ? on : off))
  }
  watcher.send('end')
  await once(watcher, 'exit')
  await Promise.all([withBus.close(), without.close()])
  const hot = await hotReads(store, Math.ceil(rounds / 4))
  await close()
  const heardMs = Math.round(median(waits) * 10) / 10
  const share = Math.round(medianRatio(rates.on, rates.off) * 1000) / 1000
  console.log(
    `${backend}: a watcher hears of a change after ${heardMs} ms (bar ${bars.heardMs}); ` +
      `commits with the bus ${share} of those without (bar ${bars.share}), ` +
      `${Math.round(median(rates.on))} and ${Math.round(median(rates.off))} a second; ` +
      `reads while nothing changes: ${idleReads}; ` +
      `${hot.ratio} reads from memory for each of the store (bar ${bars.hotRatio}), ${hot.aSecond} a second`,
  )
  return { backend, heardMs, share, idleReads, hotRatio: hot.ratio }
}

/** What the watcher says next. */
async function nextTold(watcher: ChildProcess): Promise<readonly Told[]> {
  return (await once(watcher, 'message')) as Told[]
}

async function readsOf(watcher: ChildProcess): Promise<number> {
  const told = nextTold(watcher)
  watcher.send('reads')
  const [counted] = await told
  return counted !== undefined && 'reads' in counted ? counted.reads : Number.NaN
}

/** A session for each writer. */
async function handlesOf(sessions: Sessions): Promise<readonly Session[]> {
  return Promise.all(Array.from({ length: writers }, async () => sessions.for(watched).create()))
}

/** Commits a second in a slice of time, by writers who each append to a session of their own. */
async function commitsOf(handles: readonly Session[]): Promise<number> {
  const begun = performance.now()
  let count = 0
  await Promise.all(
    handles.map(async (session) => {
      while (performance.now() - begun < sliceMs) {
        await session.append({ role: 'user', content: 'x'.repeat(200) })
        count++
      }
    }),
  )
  return count / ((performance.now() - begun) / 1000)
}
