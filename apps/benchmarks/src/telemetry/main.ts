import diagnostics from 'node:diagnostics_channel'
import { parseArgs } from 'node:util'
import * as telemetry from '@opentelemetry/api'
import { createSessions, type SessionListener } from '@sessions/core'
import { diagnosticsListener, telemetryListener } from '@sessions/core/listeners'

const { values } = parseArgs({
  options: { appends: { type: 'string', default: '20000' }, json: { type: 'boolean', default: false } },
})
const appends = Number(values.appends)
const rounds = 9
// Microseconds that an append may take more because something could listen, and nothing does.
const bar = 10

const kinds: readonly (readonly [name: string, listeners: readonly SessionListener[]])[] = [
  ['no listener', []],
  ['diagnostics without subscribers', [diagnosticsListener(diagnostics)]],
  ['telemetry without an SDK', [telemetryListener(telemetry)]],
]

// All kinds in each round, so that a busy moment of the machine meets all of them.
const fastest = new Map<string, number>()
for (let round = 0; round < rounds; round++) {
  // Each begins once: what the first leaves to be collected meets the next.
  const first = round % kinds.length
  for (const [name, listeners] of [...kinds.slice(first), ...kinds.slice(0, first)]) {
    const micros = await measure(listeners)
    fastest.set(name, Math.min(micros, fastest.get(name) ?? Number.POSITIVE_INFINITY))
  }
}
const none = fastest.get('no listener')
const costs = [...fastest].map(([name, micros]) => ({ name, micros, more: micros - none!, bar }))
for (const { name, micros, more } of costs)
  console.log(`${name}: ${micros.toFixed(1)} µs an append, ${more.toFixed(1)} more (bar ${bar})`)
if (values.json) console.log(JSON.stringify({ costs }))
process.exitCode = costs.every(({ more }) => more <= bar) ? 0 : 1

async function measure(listeners: readonly SessionListener[]): Promise<number> {
  const sessions = createSessions({ listeners })
  const session = await sessions.for({ tenantId: 'acme', userId: 'alice' }).create()
  const begun = performance.now()
  for (let index = 0; index < appends; index++) await session.append({ role: 'user', content: 'Two phones' })
  const micros = ((performance.now() - begun) * 1000) / appends
  await sessions.close()
  return micros
}
