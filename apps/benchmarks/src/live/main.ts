import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { createSessions, newId } from '@sessions/core'
import { median, middleMean } from '../stores/statistics.js'
import { Servers } from '../stores/servers.js'
import { hotReads } from './hot.js'
import { credentialSecrets, type LiveBackend, machineNow, openLive, watched } from './open.js'
import type { Told } from './watcher.js'
import { type Cost, type Pair, sliceCommits } from './slices.js'

// Each compiles its code in its own way, and is slower or faster by some hundredths for it.
const processes = 20
const bars = { heardMs: 50, share: 0.95, idleReads: 0, hotRatio: 20 }
const usage = `bench:live -- [--store NAME] [--changes N] [--rounds N] [--json]

  --store    redis or postgres (default: both)
  --changes  how many changes a watcher in another process hears of (default 200)
  --rounds   how often ${sliceCommits} commits with the bus are compared with as many without (default 140)
  --json     the last line is {"live": [{backend, heardMs, share, rateShare, idleReads, hotRatio}], "bars": {...}}

Exits 1 when the median until a watcher hears of a change is over ${bars.heardMs} ms, when the processors of writers and server
do fewer commits with the bus than ${bars.share} of those without in the same time, when a watcher reads the store while
nothing changes, or when reads from memory are fewer than ${bars.hotRatio} for each read of the store.`

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: '' },
    changes: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '140' },
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
// Longer than a watcher without a bus waits before it asks again.
const idleMs = 2000

interface Measured {
  readonly backend: LiveBackend
  readonly heardMs: number
  /** Commits with the bus for each without it, by the time of the processors. */
  readonly share: number
  /** The same by the clock. */
  readonly rateShare: number
  readonly idleReads: number
  readonly hotRatio: number
}

const live: Measured[] = []
const servers = new Servers()
try {
  for (const backend of backends) {
    const url = await servers.urlOf(backend)
    live.push(await measure(backend, url, await servers.pidOf(backend)))
  }
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

async function measure(backend: LiveBackend, url: string, server: number): Promise<Measured> {
  const { store, bus, close } = await openLive(backend, url)
  const withBus = createSessions({ store, bus, credentialSecrets })
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

  const pairs: Pair[] = []
  for (let process = 0; process < processes; process++) {
    const given = [backend, url, String(server), String(Math.ceil(rounds / processes)), String(process)]
    const writer = fork(new URL('writers.js', import.meta.url), given)
    writer.on('message', (told) => pairs.push(...(told as readonly Pair[])))
    await once(writer, 'exit')
    if (writer.exitCode !== 0) throw new Error('The writers have failed.')
  }
  watcher.send('end')
  await once(watcher, 'exit')
  await withBus.close()
  const hot = await hotReads(store, Math.ceil(rounds / 20))
  await close()
  const heardMs = Math.round(median(waits) * 10) / 10
  const shareOf = (name: keyof Cost) =>
    Math.round(middleMean(pairs.map(({ on, off }) => off[name] / on[name])) * 1000) / 1000
  const [share, rateShare] = [shareOf('cpuUs'), shareOf('us')]
  const cpuUs = (name: keyof Pair) => median(pairs.map((pair) => pair[name].cpuUs)).toFixed(1)
  console.log(
    `${backend}: a watcher hears of a change after ${heardMs} ms (bar ${bars.heardMs}); ` +
      `commits with the bus ${share} of those without (bar ${bars.share}), at ${cpuUs('on')} and ${cpuUs('off')} us of ` +
      `processors each, ${rateShare} by the clock; ` +
      `reads while nothing changes: ${idleReads}; ` +
      `${hot.ratio} reads from memory for each of the store (bar ${bars.hotRatio}), ${hot.aSecond} a second`,
  )
  return { backend, heardMs, share, rateShare, idleReads, hotRatio: hot.ratio }
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
