import { parseArgs } from 'node:util'
import { entries } from './contenders/entries.js'
import type { Contender, Entry } from './contender.js'
import { type Group, isFile, nameOf, toGroups, trafficHistories } from './groups.js'
import { type Ratio, toRatios } from './judge.js'
import { measure, type Row } from './measure.js'
import { toTable, toVerdict, whole } from './report.js'
import { Servers } from './servers.js'
import { SessionPool } from './session-pool.js'
import { countTraffic } from './traffic.js'
import { verify } from './verify.js'

const usage = `bench -- [--store NAME] [--quick] [--only REGEX] [--rounds N] [--slice MS] [--json]

  --store   only groups of this store: memory, sqlite, redis or postgres
  --quick   only the cells that carry bars, in about a minute
  --only    only groups whose name fits, such as "postgres append" or "1 client"
  --rounds  how often each cell is measured (default 31; quick 41)
  --slice   for how many milliseconds each time (default 60; quick 40)
  --json    the last line is {"ratios": [{name, ratio, bar}]}

Exits 1 when a ratio is under its bar.`

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    store: { type: 'string', default: '' },
    only: { type: 'string', default: '' },
    rounds: { type: 'string' },
    slice: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds ?? (values.quick ? 41 : 31))
const sliceMs = Number(values.slice ?? (values.quick ? 40 : 60))
if (values.help || !(rounds >= 1) || !(sliceMs > 0)) {
  console.error(usage)
  process.exit(values.help ? 0 : 2)
}
const only = new RegExp(values.only, 'i')
const groups = toGroups(values.quick).filter(
  (group) => group.backend.startsWith(values.store) && only.test(nameOf(group)),
)
if (groups.length === 0) {
  console.error(
    `No group fits ${values.store} ${values.only}. There are:\n${toGroups(values.quick).map(nameOf).join('\n')}`,
  )
  process.exit(2)
}

const poolSize = 32
const servers = new Servers()
const opened = new Map<Entry, Promise<Contender>>()
const pools = new Map<string, SessionPool>()
const ratios: Ratio[] = []
try {
  for (const group of groups) {
    const measured = await measure(await toRows(group), { ...group, rounds, sliceMs })
    ratios.push(...toRatios(group, measured))
    console.log(toTable(group, measured))
    if (group.clients === 1 && group.backend !== 'memory' && !isFile(group.backend)) await printTraffic(group)
  }
  for (const contender of opened.values()) await (await contender).close()
} finally {
  await servers.stop()
}
if (ratios.length > 0) console.log(toVerdict(ratios))
if (values.json) console.log(JSON.stringify({ ratios }))
process.exitCode = ratios.every(({ ratio, bar }) => ratio >= bar) ? 0 : 1

async function toRows({ backend, histories, bars }: Group): Promise<Row[]> {
  const rows: Row[] = []
  for (const entry of entries.filter((one) => one.backend === backend)) {
    const contender = await contenderOf(entry)
    for (const history of histories) {
      // With `--quick`, others run only what a bar needs.
      const isNeeded = bars.some(({ against }) =>
        Object.entries(against).some(([role, at]) => role === entry.role && at === history),
      )
      if (values.quick && entry.role !== 'ours' && !isNeeded) continue
      const pool = poolOf(entry, contender, history)
      rows.push({ name: entry.name, role: entry.role, history, contender, pool })
    }
  }
  return rows
}

function contenderOf(entry: Entry): Promise<Contender> {
  const known = opened.get(entry)
  if (known !== undefined) return known
  const contender = openAndVerify(entry)
  opened.set(entry, contender)
  return contender
}

async function openAndVerify(entry: Entry): Promise<Contender> {
  const contender = await entry.open(await servers.urlOf(entry.backend))
  await verify(entry.name, contender)
  return contender
}

function poolOf(entry: Entry, contender: Contender, history: number): SessionPool {
  const key = `${entry.backend} ${entry.name} ${history}`
  const pool = pools.get(key) ?? new SessionPool(contender, history, poolSize)
  pools.set(key, pool)
  return pool
}

async function printTraffic({ backend, operation }: Group): Promise<void> {
  const url = await servers.urlOf(backend)
  for (const entry of entries.filter((one) => one.backend === backend)) {
    if (values.quick && entry.role !== 'ours') continue
    for (const history of trafficHistories[operation].slice(0, values.quick ? 1 : 2)) {
      const { roundTrips, bytesUp, bytesDown } = await countTraffic(entry, url, operation, history)
      console.log(
        `${entry.name.padEnd(16)} ${whole(history).padStart(9)} messages: ${roundTrips.toFixed(2)} round trips,` +
          ` ${whole(bytesUp)} bytes up, ${whole(bytesDown)} down`,
      )
    }
  }
}
