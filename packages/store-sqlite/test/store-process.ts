import { SessionError, type SessionErrorCode, type SessionStore } from '@sessions/core/store'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'vite'
import type { Migrated } from '../src/index.js'
import type { Call, WorkerOptions } from './store-worker.js'
import { toLine } from './to-line.js'

const methods = ['read', 'commit', 'messages', 'amend', 'trim', 'remove', 'list', 'restore', 'sweep'] as const

/** A store in another process. */
export interface StoreProcess extends SessionStore {
  migrate(): Promise<Migrated>
  /** Closes the store, and ends the process. */
  close(): Promise<void>
  /** Ends the process in the middle of whatever it does. */
  kill(): Promise<void>
}

interface Outcome {
  readonly number: number
  readonly result?: unknown
  readonly error?: {
    code: SessionErrorCode
    message: string
    path?: string
    revision?: number
    messageId?: string
  }
}

const root = join(import.meta.dirname, '..')
const cache = join(root, 'node_modules', '.cache')
const outDir = join(cache, `store-worker-${process.pid}-${randomUUID()}`)
let built: Promise<string> | undefined

/** Starts a process with a store over a file. */
export async function startStore(options: WorkerOptions, runtime = process.execPath): Promise<StoreProcess> {
  const script = await (built ??= buildWorker())
  const child = spawn(runtime, [script, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const call = caller(child)
  const store = Object.fromEntries(
    methods.map((method) => [method, (...args: readonly unknown[]) => call(method, args)]),
  ) as unknown as SessionStore
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  return {
    ...store,
    migrate: () => call('migrate', []) as Promise<Migrated>,
    kill,
    async close() {
      await call('close', [])
      await kill()
    },
  }
}

function caller(child: ChildProcess) {
  const waiting = new Map<number, (outcome: Outcome) => void>()
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const outcome = JSON.parse(line) as Outcome
    waiting.get(outcome.number)?.(outcome)
    waiting.delete(outcome.number)
  })
  child.on('exit', () => {
    const error = { code: 'unavailable', message: 'the process has ended' } as const
    for (const [number, settle] of waiting) settle({ number, error })
  })
  // Whoever writes to a process that was killed hears of it by its end.
  child.stdin!.on('error', () => {})
  let calls = 0
  return async (method: Call['method'], args: readonly unknown[]): Promise<unknown> => {
    const number = ++calls
    const answered = new Promise<Outcome>((resolve) => waiting.set(number, resolve))
    child.stdin!.write(toLine({ number, method, args }))
    const { result, error } = await answered
    if (error === undefined) return result
    const { code, message, ...details } = error
    throw new SessionError(code, message, details)
  }
}

/** The worker and all that it imports, as one file. */
async function buildWorker(): Promise<string> {
  mkdirSync(outDir, { recursive: true })
  removeEarlier()
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true, external: ['libsql', 'libsql/promise'] },
    resolve: { conditions: ['@sessions/source'] },
    build: { ssr: join(import.meta.dirname, 'store-worker.ts'), outDir, target: 'node20', minify: false },
  })
  return join(outDir, 'store-worker.js')
}

/** Removes what earlier runs built. Those of one process share what it built, and nothing can run when that is killed. */
function removeEarlier(): void {
  for (const name of readdirSync(cache)) {
    const pid = /^store-worker-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && !isRunning(Number(pid)))
      rmSync(join(cache, name), { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
