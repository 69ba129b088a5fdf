import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { promisify } from 'node:util'
import { cachedDir, isCached } from './cached-dir.js'
import { fetchedCommand, fetchProgram, type ArchivedProgram } from './fetch-program.js'
import { findOnPath } from './find-on-path.js'
import { withProgress } from '../progress.js'
import { reasonOf } from '../reason-of.js'
import { systemRelease } from './system-release.js'

/** A program that runs on this machine. */
export interface FoundProgram {
  command: string
  version: string
  /** From PATH, or fetched into the cache. */
  source: 'path' | 'fetched'
}

/** A program to find. */
export interface WantedProgram {
  /** Its names on PATH, the first choice first. */
  names: readonly string[]
  /** The oldest version that works. */
  oldest: readonly [major: number, minor: number]
  /** Finds the version in the output of `--version`. */
  version: RegExp
  /** The environment variable: with the value `fetched`, PATH is not searched. */
  variable: string
  /** Where it can be fetched from, the first choice first. */
  archived: readonly ArchivedProgram[]
  /** What to do when there is none: "install one with …". */
  advice: string
}

/** Looks for a program once; a failure is not kept, because the next call may have a network. */
export function finderOf(wanted: WantedProgram): () => Promise<FoundProgram> {
  let found: Promise<FoundProgram> | undefined
  return () => {
    found ??= find(wanted)
    found.catch(() => {
      found = undefined
    })
    return found
  }
}

async function find(wanted: WantedProgram): Promise<FoundProgram> {
  const onPath = process.env[wanted.variable] === 'fetched' ? [] : wanted.names
  for (const name of onPath) {
    const command = findOnPath(name)
    const version = command && (await versionOf(command, wanted))
    if (version && isRecent(version, wanted)) return { command, version, source: 'path' }
  }
  const { archived } = wanted
  const failures: unknown[] = []
  // A program from an earlier run comes first: otherwise one that the archive lacks would be looked for each time.
  for (const program of [...archived.filter((each) => isCached(cacheName(each))), ...archived]) {
    try {
      return await fromCache(wanted, program)
    } catch (error) {
      failures.push(error)
    }
  }
  throw new Error(
    `No ${wanted.names.join(' or ')} ${wanted.oldest.join('.')} or newer is on PATH, and none could be fetched ` +
      `(${[...new Set(failures.map(reasonOf))].join('; ')}): ${wanted.advice}`,
    { cause: failures.at(-1) },
  )
}

async function fromCache(wanted: WantedProgram, program: ArchivedProgram): Promise<FoundProgram> {
  if (!findOnPath('apt-get')) throw new Error('there is no apt-get here')
  for (let attempt = 1; ; attempt += 1) {
    const dir = await cachedDir(cacheName(program), (empty) =>
      withProgress(`no ${wanted.names[0]} on PATH: fetching one through apt, once`, () =>
        fetchProgram(empty, program),
      ),
    )
    const command = fetchedCommand(dir)
    const version = await versionOf(command, wanted)
    if (version && isRecent(version, wanted)) return { command, version, source: 'fetched' }
    // Another caller may accept an older one.
    if (version) throw new Error(`the archive's is ${version}`)
    // The system has changed since the cache was filled.
    rmSync(dir, { recursive: true, force: true })
    if (attempt === 2) throw new Error("the archive's is not to be run here")
  }
}

function cacheName(program: ArchivedProgram): string {
  const suite = program.suites?.at(-1) ?? systemRelease()?.codename ?? 'linux'
  return `${program.package}-${suite}-${process.arch}`
}

async function versionOf(command: string, { version }: WantedProgram): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(command, ['--version'])
    return version.exec(stdout)?.[1]
  } catch {
    return undefined
  }
}

function isRecent(version: string, { oldest }: WantedProgram): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
}
