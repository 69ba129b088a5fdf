import type { Contender, Role } from './contender.js'
import type { SessionPool } from './session-pool.js'
import { median, rotated } from './statistics.js'
import { nextMessage } from './workload.js'

export type Operation = 'append' | 'read'

export const tail = 20

/** One line of the table: a contender, and the length of the history. */
export interface Row {
  readonly name: string
  readonly role: Role
  readonly history: number
  readonly contender: Contender
  readonly pool: SessionPool
}

export interface Measured {
  readonly row: Row
  /** Operations a second, by round. */
  readonly rates: number[]
  /** Microseconds of the processor that this process took for an operation, by round. */
  readonly costs: number[]
  /** Microseconds of each operation, of all rounds. */
  readonly latencies: number[]
}

export interface MeasureOptions {
  readonly operation: Operation
  readonly clients: number
  readonly rounds: number
  readonly sliceMs: number
}

/** Measures every row in every round; each round begins with another row. */
export async function measure(rows: readonly Row[], options: MeasureOptions): Promise<Measured[]> {
  const measured = rows.map((row): Measured => ({ row, rates: [], costs: [], latencies: [] }))
  for (const { pool } of rows) await pool.refresh()
  // One run without a result: it makes connections, loads scripts and plans, and compiles code.
  for (const row of rows) await slice(row, { ...options, sliceMs: options.sliceMs * 2 })
  for (let round = 0; round < options.rounds; round++) {
    for (const one of rotated(measured, round)) {
      await one.row.pool.refresh()
      const { rate, cost, latencies } = await slice(one.row, options)
      one.rates.push(rate)
      one.costs.push(cost)
      for (const latency of latencies) one.latencies.push(latency)
    }
  }
  return measured
}

async function slice(row: Row, { operation, clients, sliceMs }: MeasureOptions) {
  const latencies: number[] = []
  const work = operation === 'append' ? appendTo : readFrom
  const usage = process.cpuUsage()
  const begin = performance.now()
  const until = begin + sliceMs
  // In memory, one slice would turn sessions of tens of messages into sessions of thousands.
  let room = operation === 'append' ? row.pool.room : Number.POSITIVE_INFINITY
  const client = async (number: number): Promise<void> => {
    const { ids } = row.pool
    // Each client has sessions of its own, as callers usually do.
    // At least one operation: in a slice without CPU time there would be nothing to divide by.
    for (let turn = 0, now = performance.now(); (turn === 0 || now < until) && room-- > 0; turn++) {
      await work(row.contender, ids[(number + turn * clients) % ids.length]!)
      const done = performance.now()
      latencies.push((done - now) * 1000)
      now = done
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, number) => client(number)))
  // With one client the median is what operations take when nothing else on the machine interrupts them.
  const rate =
    clients === 1 ? 1e6 / median(latencies) : latencies.length / ((performance.now() - begin) / 1000)
  const { user, system } = process.cpuUsage(usage)
  if (operation === 'append') row.pool.grew(latencies.length)
  return { rate, cost: (user + system) / latencies.length, latencies }
}

async function appendTo(contender: Contender, id: string): Promise<void> {
  await contender.append(id, nextMessage())
}

async function readFrom(contender: Contender, id: string): Promise<void> {
  await contender.read(id, tail)
}
