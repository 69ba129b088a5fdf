import { parseArgs } from 'node:util'
import { createRedactor } from '@sessions/redaction'
import { longestHold } from '../stalls/longest-hold.js'
import { dearTexts } from './dear-texts.js'

const bars = { cpuMs: 100, heldMs: 50 }
const usage = `bench:redaction -- [--only REGEX] [--tries N] [--json]

  --only   only texts whose name fits
  --tries  how often a text is redacted, the median of which counts (default 9)
  --json   the last line is {"redaction": [{name, cpuMs, heldMs}], "bars": {cpuMs, heldMs}}

A megabyte of each text: computing time, at once; and how long the service's call holds the event loop.
Exits 1 when a text takes more than ${bars.cpuMs} ms of computing time, or holds the loop for more than ${bars.heldMs} ms.`
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    tries: { type: 'string', default: '9' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const tries = Number(values.tries)
if (values.help || !(tries >= 1)) {
  console.error(usage)
  process.exit(values.help ? 0 : 2)
}

const megabyte = 1024 * 1024
const redact = createRedactor({ countries: ['DE', 'US'] })
const only = new RegExp(values.only, 'i')
const found: { name: string; cpuMs: number; heldMs: number }[] = []
for (const { name, text } of dearTexts(megabyte)) {
  if (!only.test(name)) continue
  const cpu: number[] = []
  const held: number[] = []
  for (let each = 0; each < tries; each++) {
    const before = process.cpuUsage()
    redact(text)
    const { user, system } = process.cpuUsage(before)
    cpu.push((user + system) / 1000)
    held.push(await longestHold(async () => redact(text, { path: 'text' })))
  }
  const row = { name, cpuMs: median(cpu), heldMs: median(held) }
  found.push(row)
  console.log(
    `${name.padEnd(32)} ${row.cpuMs.toFixed(0).padStart(5)} ms ${row.heldMs.toFixed(0).padStart(5)} ms held`,
  )
}
if (values.json) console.log(JSON.stringify({ redaction: found, bars }))
if (found.some(({ cpuMs, heldMs }) => cpuMs > bars.cpuMs || heldMs > bars.heldMs)) process.exitCode = 1

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!
}
