import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { promisify } from 'node:util'
import { cachedDir } from './cached-dir.js'
import { fetchRedis, redisCommand, redisEnv } from './fetch-redis.js'
import { findOnPath } from './find-on-path.js'
import { progress } from './progress.js'

/** A Redis or Valkey server that runs here. */
export interface RedisBinary {
  command: string
  /** What it needs in its environment beside ours. */
  env: Record<string, string>
  version: string
  /** From PATH, or fetched into our cache. */
  source: 'path' | 'fetched'
}

// The oldest Redis that the Redis store works on.
const oldest = [6, 2] as const

let found: Promise<RedisBinary> | undefined

/**
 * Finds a Redis server: on PATH, else fetched once through Debian's apt and unpacked without installing it.
 * `SESSIONS_REDIS=fetched` passes over PATH. Throws one sentence that says what to install when neither is to
 * be had.
 */
export function findRedis(): Promise<RedisBinary> {
  found ??= find()
  // A failure is not kept: the next caller may have a network.
  found.catch(() => {
    found = undefined
  })
  return found
}

async function find(): Promise<RedisBinary> {
  const onPath = process.env['SESSIONS_REDIS'] === 'fetched' ? [] : ['redis-server', 'valkey-server']
  for (const name of onPath) {
    const command = findOnPath(name)
    const version = command && (await versionOf(command, {}))
    if (version && isRecent(version)) return { command, env: {}, version, source: 'path' }
  }
  try {
    return await fromCache()
  } catch (error) {
    throw new Error(
      `No redis-server or valkey-server ${oldest.join('.')} or newer is on PATH, and none could be fetched ` +
        `(${reasonOf(error)}): install one with \`apt-get install redis-server\` or \`brew install redis\``,
      { cause: error },
    )
  }
}

async function fromCache(): Promise<RedisBinary> {
  if (!findOnPath('apt-get')) throw new Error('there is no apt-get here')
  for (let attempt = 1; ; attempt += 1) {
    const dir = await cachedDir(`redis-${process.arch}`, async (empty) => {
      progress('no redis-server on PATH: fetching one through apt, once, about 2 MB')
      await fetchRedis(empty)
    })
    const command = redisCommand(dir)
    const env = redisEnv(dir)
    const version = await versionOf(command, env)
    if (version && isRecent(version)) return { command, env, version, source: 'fetched' }
    // The system was upgraded under the cache, or the archive has nothing newer.
    rmSync(dir, { recursive: true, force: true })
    if (attempt === 2) throw new Error(`the archive's is ${version ?? 'not to be run here'}`)
  }
}

async function versionOf(command: string, env: Record<string, string>): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(command, ['--version'], { env: { ...process.env, ...env } })
    return /\bv=(\d+\.\d+\.\d+)/.exec(stdout)?.[1]
  } catch {
    return undefined
  }
}

function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
}

// apt says at length what it does and, in a line of its own, what went wrong.
function reasonOf(error: unknown): string {
  const text = (error as { stderr?: string }).stderr || (error as Error).message
  const lines = text.trim().split('\n')
  return (lines.find((line) => line.startsWith('E:')) ?? lines[0] ?? 'no reason given').replace(/^E: /, '')
}
