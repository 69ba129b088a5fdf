import { setTimeout as sleep } from 'node:timers/promises'
import type { Server } from '@sessions/testkit'
import type { Random } from '../random.js'
import type { Struck } from './chaos.js'

export interface OutagesOptions {
  readonly seconds: number
  /** Whether it is killed and started again half-way. */
  readonly kill: boolean
  readonly random: Random
}

/**
 * Freezes the server twice, sometimes for longer than clients wait, so that writes arrive after their callers have
 * given up. In between it kills the server once.
 */
export async function haveOutages(
  server: Server,
  { seconds, kill, random }: OutagesOptions,
): Promise<Struck> {
  const partMs = (seconds * 1000) / 4
  await freeze(server, partMs, random)
  await sleep(partMs)
  if (kill) {
    await server.kill()
    await sleep(200)
    await server.restart()
  }
  await freeze(server, partMs, random)
  return kill ? { freeze: 2, kill: 1 } : { freeze: 2 }
}

async function freeze(server: Server, afterMs: number, random: Random): Promise<void> {
  await sleep(afterMs)
  await server.pause()
  await sleep(random.int(200, 1200))
  await server.resume()
}
