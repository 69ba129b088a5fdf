import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, fstatSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { Account } from './account.js'
import { atExit } from './at-exit.js'
import { isAlive } from './process-table.js'
import { asker, endTree, freezeTree, killTree, thawTree } from './process-tree.js'
import { readServerLog, tailOf } from './server-log.js'
import { patienceMs, waitUntil } from '../wait-until.js'
import { removeWorkDir, writeServerPid } from './work-dir.js'

/** The description of one server. */
export interface ServerPlan {
  /** Its name in errors: "Redis". */
  name: string
  /** Its own dir; removed when the server is stopped for good. */
  workDir: string
  command: string
  /** It must contain the work dir, by which a later run recognizes the process. */
  args: (port: number) => readonly string[]
  env: NodeJS.ProcessEnv
  /** The account to run as. Default: the current one. */
  account?: Account | undefined
  /** The port to listen on; called again when the port is not free any more. */
  pickPort: () => Promise<number>
  /** Whether this process accepts connections, judged by its pid and its log since the start. */
  isReady: (pid: number, log: string) => boolean
}

/** The port was free when it was picked, and is not any more. */
class PortTaken extends Error {}

// A server that does not end on request is killed.
const endMs = 30_000

/** One server as a child process: started, frozen, killed and started again over the same data and port. */
export class ServerProcess {
  readonly #plan: ServerPlan
  readonly #logFile: string
  readonly #forget: () => void
  #port = 0
  #child: ChildProcess | undefined
  #pid = 0
  #stopped = false

  private constructor(plan: ServerPlan) {
    this.#plan = plan
    this.#logFile = join(plan.workDir, 'server.log')
    this.#forget = atExit(() => {
      if (this.isUp) endTree(this.#pid)
      removeWorkDir(plan.workDir)
    })
  }

  /** Starts a server and waits until it accepts connections. */
  static async start(plan: ServerPlan): Promise<ServerProcess> {
    const server = new ServerProcess(plan)
    try {
      await server.#launch(() => plan.pickPort())
      return server
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  get port(): number {
    return this.#port
  }

  /** The process id; the last one while the server is down. */
  get pid(): number {
    return this.#pid
  }

  /** Whether there is a process, also a paused one. */
  get isUp(): boolean {
    return this.#child !== undefined && !hasEnded(this.#child) && isAlive(this.#pid)
  }

  /** Ends it in order and removes its data. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#shutDown()
    this.#forget()
    removeWorkDir(this.#plan.workDir)
  }

  /** Kills it and its children, as a crash would; the data stays for {@link restart}. */
  async kill(): Promise<void> {
    if (!this.isUp) return
    const tree = killTree(this.#pid)
    await this.#untilGone(tree)
  }

  /** Freezes it: connections stay open, nothing answers. */
  pause(): void {
    this.#mustBeUp()
    freezeTree(this.#pid)
  }

  /** Undoes {@link pause}. */
  resume(): void {
    this.#mustBeUp()
    thawTree(this.#pid)
  }

  /** Ends it in order if it is up, and starts it over the same data on the same port. */
  async restart(): Promise<void> {
    if (this.#stopped) throw new Error(`${this.#plan.name} was stopped and its data removed: start another`)
    await this.#shutDown()
    await this.#launch(() => Promise.resolve(this.#port))
  }

  async #launch(pickPort: () => Promise<number>): Promise<void> {
    const deadline = Date.now() + patienceMs
    for (;;) {
      this.#port = await pickPort()
      try {
        await this.#spawn()
        return
      } catch (error) {
        if (!(error instanceof PortTaken) || Date.now() > deadline) throw error
      }
    }
  }

  async #spawn(): Promise<void> {
    const { name, command, args, env, account, workDir } = this.#plan
    const log = openSync(this.#logFile, 'a')
    const from = fstatSync(log).size
    const child = spawn(command, args(this.#port), {
      cwd: workDir,
      env,
      uid: account?.uid,
      gid: account?.gid,
      stdio: ['ignore', log, log],
      // A Ctrl-C in the terminal must not reach the server: this process ends its servers itself.
      detached: true,
    })
    closeSync(log)
    child.unref()
    this.#child = child
    let failure: Error | undefined
    child.on('error', (error) => {
      failure = error
    })
    if (child.pid !== undefined) {
      this.#pid = child.pid
      writeServerPid(workDir, child.pid)
    }
    const written = (): string => readServerLog(this.#logFile, from)
    const ready = (): boolean => {
      if (failure) throw new Error(`${name} cannot be run`, { cause: failure })
      if (hasEnded(child)) throw toStartError(name, child, written())
      return this.#plan.isReady(this.#pid, written())
    }
    await waitUntil(ready, {
      what: `${name} to take connections`,
      detail: () => tailOf(written()),
    })
  }

  async #shutDown(): Promise<void> {
    if (!this.isUp) return
    const pid = this.#pid
    thawTree(pid)
    try {
      await this.#untilGone([pid], asker(pid))
    } catch {
      await this.kill()
    }
  }

  // Gone and reaped: PostgreSQL refuses to start while its old pid still exists.
  async #untilGone(pids: readonly number[], ask?: () => void): Promise<void> {
    const isGone = (): boolean => {
      if ((!this.#child || hasEnded(this.#child)) && !pids.some(isAlive)) return true
      ask?.()
      return false
    }
    await waitUntil(isGone, { what: `${this.#plan.name} to end`, timeoutMs: endMs })
  }

  #mustBeUp(): void {
    if (!this.isUp) {
      throw new Error(`${this.#plan.name} is not running:\n${tailOf(readServerLog(this.#logFile))}`)
    }
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

function toStartError(name: string, child: ChildProcess, log: string): Error {
  const message = `${name} ended with ${child.signalCode ?? `code ${child.exitCode}`} instead of starting:\n${tailOf(log)}`
  return /already in use|failed listening/i.test(log) ? new PortTaken(message) : new Error(message)
}
