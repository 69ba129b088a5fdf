import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import Libsql from 'libsql'
import type { Random } from '../random.js'
import type { Struck } from './chaos.js'
import type { OutagesOptions } from './outages.js'

/**
 * Holds the file twice, sometimes for longer than callers wait for it. In between it kills a process in the middle of a
 * large write to the file.
 */
export async function haveFileOutages(
  path: string,
  { seconds, kill, random }: OutagesOptions,
): Promise<Struck> {
  const partMs = (seconds * 1000) / 4
  await hold(path, partMs, random)
  await sleep(partMs)
  if (kill) await killWriter(path)
  await hold(path, partMs, random)
  return kill ? { hold: 2, kill: 1 } : { hold: 2 }
}

async function hold(path: string, afterMs: number, random: Random): Promise<void> {
  await sleep(afterMs)
  const database = new Libsql(path, { timeout: 5000 })
  database.exec('begin immediate')
  await sleep(random.int(200, 1200))
  database.exec('rollback')
  database.close()
}

// Its cache is small, so that most of what it has not committed is in the log beside the file when it dies.
const writer = `
const database = new (require('libsql'))(process.argv[1], { timeout: 5000 })
database.exec('pragma cache_size = 10; begin immediate; create table if not exists scribble (id text, text text)')
const insert = database.prepare('insert into scribble values (?, ?)')
for (let row = 0; row < 5000; row++) insert.run(String(row), 'x'.repeat(2000))
process.stdout.write('written')
setInterval(() => {}, 1000)`

async function killWriter(path: string): Promise<void> {
  const child = spawn(process.execPath, ['-e', writer, path], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), ended])
  child.kill('SIGKILL')
  await ended
}
