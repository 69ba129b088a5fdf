import type { Session } from '@sessions/core'
import { runTimeOf } from '../stores/server-cpu.js'

/** What a commit took: of the processors of writers and server, and by the clock. */
export interface Cost {
  readonly cpuUs: number
  readonly us: number
}

/** With the bus and without it, one right after the other. */
export interface Pair {
  readonly on: Cost
  readonly off: Cost
}

// A quarter of a second: what else the machine does then falls on both of a pair, and what a bus sends at once after a
// quiet time, and last of all, is a small part of what it sends.
export const sliceCommits = 1000
// What the bus still has to send then is sent within this.
const restMs = 30

/** What a commit takes of writers who each append to a session of their own, and of the server with that process id. */
export async function costOf(handles: readonly Session[], server: number): Promise<Cost> {
  const [begun, own, theirs] = [performance.now(), process.cpuUsage(), runTimeOf(server)]
  let left = sliceCommits
  await Promise.all(
    handles.map(async (session) => {
      while (left-- > 0) await session.append({ role: 'user', content: 'x'.repeat(200) })
    }),
  )
  const us = (performance.now() - begun) * 1000
  await new Promise((resolve) => setTimeout(resolve, restMs))
  const { user, system } = process.cpuUsage(own)
  return { cpuUs: (user + system + runTimeOf(server) - theirs) / sliceCommits, us: us / sliceCommits }
}
