import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { progress } from '../progress.js'
import { systemRelease } from './system-release.js'

const run = promisify(execFile)

/**
 * Downloads Debian packages and unpacks them into a dir, without installing anything, so no account needs extra
 * rights. It uses the system's package lists if they still match the archive; otherwise it fetches its own. With
 * `suites`, such as `bookworm-backports`, it takes packages from these instead, of the archive that the system uses.
 */
export class Apt {
  readonly #dir: string
  readonly #own: string
  readonly #suites: readonly string[]
  #options: string[] = []

  constructor(dir: string, suites: readonly string[] = []) {
    this.#dir = dir
    this.#own = join(dir, '.apt')
    this.#suites = suites
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
    if (this.#suites.length > 0 && this.#options.length === 0) await this.#updateSuites()
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
    this.#useOwnLists()
    await this.#aptGet(['update'], this.#own)
  }

  async #updateSuites(): Promise<void> {
    const sources = toSources(await this.#archive(), this.#suites)
    progress(`fetching the package lists of ${this.#suites.join(', ')}, once`)
    const file = join(this.#own, 'suites.sources')
    writeFileSync(file, sources)
    rmSync(join(this.#own, 'lists'), { recursive: true, force: true })
    this.#useOwnLists()
    this.#options.push('-o', `Dir::Etc::SourceList=${file}`, '-o', 'Dir::Etc::SourceParts=/dev/null')
    await this.#aptGet(['update'], this.#own)
  }

  #useOwnLists(): void {
    const lists = join(this.#own, 'lists')
    mkdirSync(join(lists, 'partial'), { recursive: true })
    this.#options = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${join(this.#own, 'cache')}`]
  }

  /** The archive of the system's own release. */
  async #archive(): Promise<string> {
    // apt does not name sources without lists.
    const archive = (await this.#known()) ?? (await this.#update().then(() => this.#known()))
    if (archive === undefined) throw new Error('this system has no archive of its own release')
    return archive
  }

  async #known(): Promise<string | undefined> {
    const format = '$(RELEASE) $(CODENAME) $(COMPONENT) $(REPO_URI)'
    const args = [...this.#options, 'indextargets', '--format', format, 'Identifier: Packages']
    const { stdout } = await run('apt-get', args, { env: aptEnv(), maxBuffer: 1e8 })
    const { codename } = systemRelease() ?? {}
    const found = stdout
      .split('\n')
      .map((line) => line.split(' '))
      .find((target) => target[2] === 'main' && target.slice(0, 2).includes(codename ?? 'unknown'))
    return found?.[3]
  }

  async #aptGet(args: readonly string[], cwd: string): Promise<void> {
    // Without a network apt would try for minutes; as root it would drop to an account that cannot write here.
    const patience = ['-o', 'Acquire::http::Timeout=15', '-o', 'Acquire::Retries=1']
    const sandbox = ['-o', 'APT::Sandbox::User=root']
    const all = [...patience, ...sandbox, ...this.#options, ...args]
    await run('apt-get', all, { cwd, env: aptEnv(), timeout: 180_000, maxBuffer: 1e8 })
  }
}

// apt's messages are parsed, and it must not ask a question.
function aptEnv(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' }
}

// The distribution's own keyring also contains the keys of its next release.
function toSources(archive: string, suites: readonly string[]): string {
  const keyring = `/usr/share/keyrings/${systemRelease()?.id}-archive-keyring.gpg`
  const fields = [`Types: deb`, `URIs: ${archive}`, `Suites: ${suites.join(' ')}`, 'Components: main']
  if (existsSync(keyring)) fields.push(`Signed-By: ${keyring}`)
  return `${fields.join('\n')}\n`
}
