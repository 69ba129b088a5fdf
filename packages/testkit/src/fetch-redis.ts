import { execFile } from 'node:child_process'
import { existsSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Apt } from './apt.js'

/** Fetches Redis from the Debian or Ubuntu archive into an empty dir, without installing it. */
export async function fetchRedis(dir: string): Promise<void> {
  const apt = new Apt(dir)
  try {
    await apt.unpack(['redis-tools'])
    // Debian ships one binary: what it does depends on the name it is called by, and the package
    // redis-server merely adds that name.
    if (!existsSync(redisCommand(dir))) symlinkSync('redis-check-rdb', redisCommand(dir))
    let missing = await missingLibraries(dir)
    const known = missing.length > 0 ? await apt.librariesOf('redis-tools') : []
    // A library may itself need another: a few rounds end it.
    for (let round = 0; missing.length > 0 && round < 5; round += 1) {
      const packages = known.filter((name) => missing.some((library) => name.startsWith(library)))
      if (packages.length === 0) break
      await apt.unpack(packages)
      missing = await missingLibraries(dir)
    }
    if (missing.length > 0) throw new Error(`no package has ${missing.join(', ')}`)
  } finally {
    apt.close()
  }
}

/** Where {@link fetchRedis} puts the server. */
export function redisCommand(dir: string): string {
  return join(dir, 'usr/bin/redis-server')
}

/** What the server needs in its environment to find its libraries. */
export function redisEnv(dir: string): { LD_LIBRARY_PATH: string } {
  const roots = [join(dir, 'usr/lib'), join(dir, 'lib')].filter((root) => existsSync(root))
  const dirs = roots.flatMap((root) => [root, ...readdirSync(root).map((name) => join(root, name))])
  return { LD_LIBRARY_PATH: dirs.filter((each) => each.endsWith('-gnu') || roots.includes(each)).join(':') }
}

// "liblzf.so.1 => not found" becomes "liblzf", which its package's name begins with.
async function missingLibraries(dir: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ldd', [redisCommand(dir)], {
    env: { ...process.env, ...redisEnv(dir) },
  })
  return [...stdout.matchAll(/^\s*(lib\S+?)\.so\S* => not found/gm)].map((match) => match[1]!.toLowerCase())
}
