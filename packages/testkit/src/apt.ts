import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { progress } from './progress.js'

const run = promisify(execFile)

/**
 * Downloads Debian packages and unpacks them into a dir, without installing anything: no account needs more
 * rights for it than it has. Package lists of the system are used when there are any that still fit the
 * archive; else lists of our own are fetched beside the packages.
 */
export class Apt {
  readonly #dir: string
  readonly #own: string
  #options: string[] = []

  constructor(dir: string) {
    this.#dir = dir
    this.#own = join(dir, '.apt')
    mkdirSync(join(this.#own, 'debs'), { recursive: true })
  }

  /** Unpacks the packages into the dir. */
  async unpack(packages: readonly string[]): Promise<void> {
    const debs = join(this.#own, 'debs')
    await this.#get(['download', ...packages], debs)
    for (const deb of readdirSync(debs)) {
      await run('dpkg-deb', ['-x', join(debs, deb), this.#dir], { env: aptEnv() })
      rmSync(join(debs, deb))
    }
  }

  /** The names of all libraries that a package depends on, directly or not. */
  async librariesOf(name: string): Promise<string[]> {
    const only = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances']
    const args = ['depends', '--recurse', ...only.map((kind) => `--no-${kind}`), name]
    const { stdout } = await run('apt-cache', [...this.#options, ...args], { env: aptEnv(), maxBuffer: 1e8 })
    return [...new Set(stdout.split('\n').filter((line) => line.startsWith('lib')))]
  }

  /** Removes lists and packages; what was unpacked stays. */
  close(): void {
    rmSync(this.#own, { recursive: true, force: true })
  }

  async #get(args: readonly string[], cwd: string): Promise<void> {
    try {
      await this.#aptGet(args, cwd)
    } catch (error) {
      if (this.#options.length > 0) throw error
      await this.#update()
      await this.#aptGet(args, cwd)
    }
  }

  async #update(): Promise<void> {
    progress('the package lists of this system are missing or old: fetching some, once')
    const lists = join(this.#own, 'lists')
    mkdirSync(join(lists, 'partial'), { recursive: true })
    this.#options = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${join(this.#own, 'cache')}`]
    await this.#aptGet(['update'], this.#own)
  }

  async #aptGet(args: readonly string[], cwd: string): Promise<void> {
    // Without a network apt would try for minutes; as root it would drop to an account that cannot write here.
    const patience = ['-o', 'Acquire::http::Timeout=15', '-o', 'Acquire::Retries=1']
    const sandbox = ['-o', 'APT::Sandbox::User=root']
    const all = [...patience, ...sandbox, ...this.#options, ...args]
    await run('apt-get', all, { cwd, env: aptEnv(), timeout: 180_000, maxBuffer: 1e8 })
  }
}

// Its messages are read, and nobody is there to answer a question.
function aptEnv(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' }
}
