import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const mostHeap = 512 * 1024 * 1024
const usage = `flood -- [--store memory|sqlite] [--megabytes N] [--seed N] [--json]

  --store      what keeps the sessions (default memory)
  --megabytes  how much an anonymous client sends, in requests of at most 1 MiB (default 1024)
  --seed       repeats what is sent (default 1)
  --json       the last line is {"sentBytes","peakHeapBytes","peakRssBytes","failures"}

Exits 1 when the server ends, its heap goes over 512 MB, or a request fails or is answered with 500 or more.`
const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'memory' },
    megabytes: { type: 'string', default: '1024' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const total = Number(values.megabytes) * 1024 * 1024
if (values.help || !(total > 0) || !['memory', 'sqlite'].includes(values.store)) {
  console.error(usage)
  process.exit(values.help ? 0 : 2)
}

interface Told {
  readonly type: 'listening' | 'memory' | 'error' | 'done'
  readonly port?: number
  readonly heapUsed?: number
  readonly rss?: number
  readonly message?: string
  readonly sent?: number
  readonly failures?: number
  readonly refused?: Record<string, number>
}

const fileOf = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url))
let peakHeapBytes = 0
let peakRssBytes = 0
let hasEnded = false
const errors: string[] = []
const folder = mkdtempSync(join(tmpdir(), 'sessions-flood-'))
const storeArgs = values.store === 'sqlite' ? [join(folder, 'sessions.db')] : []
const server = fork(fileOf('server'), storeArgs, { execArgv: ['--max-old-space-size=512'] })
const listening = new Promise<number>((resolve, reject) => {
  server.on('message', (told: Told) => {
    if (told.type === 'listening') resolve(told.port!)
    if (told.type === 'error') errors.push(told.message!)
    peakHeapBytes = Math.max(peakHeapBytes, told.heapUsed ?? 0)
    peakRssBytes = Math.max(peakRssBytes, told.rss ?? 0)
  })
  server.once('exit', (code, signal) => {
    hasEnded = true
    reject(new Error(`the server ended: ${code ?? signal}`))
  })
})
const port = await listening
const client = fork(fileOf('client'), [`http://127.0.0.1:${port}`, String(total), values.seed])
const done = await new Promise<Told | undefined>((resolve) => {
  client.on('message', resolve)
  client.once('exit', () => resolve(undefined))
  server.once('exit', () => {
    client.kill()
    resolve(undefined)
  })
})
const failures = (done?.failures ?? 0) + (hasEnded ? 1 : 0) + (done === undefined ? 1 : 0)
const megabytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MB`
for (const error of errors.slice(0, 10)) console.log(error)
console.log(`refused: ${JSON.stringify(done?.refused ?? {})}`)
console.log(
  `${megabytes(done?.sent ?? 0)} sent, heap up to ${megabytes(peakHeapBytes)}, ${failures} failures${hasEnded ? ', and the server has ended' : ''}`,
)
if (values.json)
  console.log(JSON.stringify({ sentBytes: done?.sent ?? 0, peakHeapBytes, peakRssBytes, failures }))
const ended = hasEnded ? undefined : once(server, 'exit')
server.kill('SIGKILL')
await ended
rmSync(folder, { recursive: true, force: true })
process.exit(failures === 0 && peakHeapBytes <= mostHeap ? 0 : 1)
