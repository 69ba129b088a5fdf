import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { freePort, waitUntil } from '@sessions/testkit'

/** The Next that the application under test runs on: 16 or 15. */
export const version = process.env['NEXT_VERSION'] ?? '16'

/** Where that application is. */
export const folder = resolve(import.meta.dirname, `../next${version}`)

const running = new Set<Application>()

/** Ends what a test file has started. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((application) => application.stop()))
}

/** An application as `next start` serves it, in a process of its own. */
export class Application {
  readonly url: string
  readonly #command: string
  readonly #process: ChildProcess
  readonly exited: Promise<unknown>
  output = ''

  private constructor(url: string, child: ChildProcess, command: string) {
    this.url = url
    this.#command = command
    this.#process = child
    this.exited = once(child, 'exit')
    const keep = (chunk: Buffer): void => {
      this.output += String(chunk)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    running.add(this)
  }

  /** @param command `start` for the application that was built, `dev` for one that is built as it is asked for. */
  static async run(
    env: Record<string, string> = {},
    { command = 'start', cwd = folder } = {},
  ): Promise<Application> {
    const port = await freePort()
    const bin = join(
      createRequire(join(folder, 'package.json')).resolve('next/package.json'),
      '../dist/bin/next',
    )
    const { NODE_OPTIONS: _, NODE_ENV: __, VITEST: ___, ...inherited } = process.env
    const child = spawn(process.execPath, [bin, command, '-H', '127.0.0.1', '-p', String(port)], {
      cwd,
      env: { ...inherited, NEXT_TELEMETRY_DISABLED: '1', REDIS_URL: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const application = new Application(`http://127.0.0.1:${port}`, child, command)
    const isUp = async (): Promise<boolean> => {
      if (child.exitCode !== null) throw new Error(`next ${command} ended:\n${application.output}`)
      return fetch(application.url).then(
        (response) => response.ok,
        () => false,
      )
    }
    await waitUntil(isUp, {
      what: `next ${command}`,
      detail: () => application.output.slice(-2000),
    })
    return application
  }

  /** Asks it to end, as an orchestrator would. */
  terminate(): void {
    this.#process.kill('SIGTERM')
  }

  async stop(): Promise<void> {
    running.delete(this)
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    // `next dev` has a process of its own, which it takes along when it is asked to go; `next start` would wait for us.
    this.#process.kill(this.#command === 'dev' ? 'SIGTERM' : 'SIGKILL')
    await this.exited
  }

  /** What the store was asked and what was noted since the last call, and what was cached so far. */
  async seen(): Promise<{ calls: string[]; notes: string[]; cached: string[] }> {
    return (await (await fetch(`${this.url}/calls`)).json()) as never
  }
}
