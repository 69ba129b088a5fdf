import { execFile, type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { fetchPackages, freePort, waitUntil } from '@sessions/testkit'

const { NODE_OPTIONS: _, NODE_ENV: __, VITEST: ___, ...inherited } = process.env

/** The versions of Node that the tests run applications on, from npm. */
export const nodeVersions = { 22: '22.23.3', 24: '24.22.3' } as const

/** Node of this major version, from its package on npm: the path of the program. */
export async function nodeOf(major: keyof typeof nodeVersions): Promise<string> {
  const system = process.platform === 'win32' ? 'win' : process.platform
  const name = `node-${system}-${process.arch}`
  const version = nodeVersions[major]
  const folder = await fetchPackages(`node-${version}`, [`${name}@${version}`])
  return join(folder, 'node_modules', name, 'bin', system === 'win' ? 'node.exe' : 'node')
}

/** A process of `next start`. */
export interface NextProcess {
  readonly url: string
  /** Ends it as a crash does. */
  readonly kill: () => Promise<void>
}

/** An application of Next in a folder, run by one Node. */
export class NextApp {
  readonly folder: string
  readonly #node: string
  readonly #settings: Readonly<Record<string, string>>
  readonly #running = new Set<ChildProcess>()

  /** @param settings Environment variables of its build and its processes. */
  constructor(folder: string, node: string, settings: Readonly<Record<string, string>>) {
    this.folder = folder
    this.#node = node
    this.#settings = settings
  }

  /** Runs a program of npm in the folder, such as `npm install`; an error has what it said. */
  async run(command: string, ...args: string[]): Promise<void> {
    const options = { cwd: this.folder, env: this.#env(), maxBuffer: 1e8 }
    const running = promisify(execFile)(command, args, options)
    this.#running.add(running.child)
    await running.catch((error: Error & { stdout: string; stderr: string }) => {
      throw new Error(`${command} ${args.join(' ')}:\n${(error.stdout + error.stderr).slice(-4000)}`)
    })
    this.#running.delete(running.child)
  }

  async build(): Promise<void> {
    await this.run(this.#node, this.#next, 'build')
  }

  /** @param more Further environment variables of this process. */
  async start(more: Readonly<Record<string, string>> = {}): Promise<NextProcess> {
    const port = await freePort()
    const args = [this.#next, 'start', '-H', '127.0.0.1', '-p', String(port)]
    const child = spawn(this.#node, args, { cwd: this.folder, env: { ...this.#env(), ...more } })
    this.#running.add(child)
    const url = `http://127.0.0.1:${port}`
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
    const isUp = () =>
      fetch(`${url}/api/chat/none`).then(
        ({ status }) => status === 404,
        () => false,
      )
    await waitUntil(isUp, { what: 'next start', detail: () => output.slice(-2000) })
    const kill = async (): Promise<void> => {
      this.#running.delete(child)
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }
    return { url, kill }
  }

  /** Ends what runs of it. */
  stop(): void {
    for (const child of this.#running) child.kill('SIGKILL')
  }

  get #next(): string {
    return join(this.folder, 'node_modules/next/dist/bin/next')
  }

  #env(): NodeJS.ProcessEnv {
    const path = `${dirname(this.#node)}:${inherited['PATH'] ?? ''}`
    return { ...inherited, PATH: path, NEXT_TELEMETRY_DISABLED: '1', ...this.#settings }
  }
}
