import { finderOf, type FoundProgram } from './find-program.js'
import { systemRelease } from './system-release.js'

/** A Redis or Valkey server that runs on this machine. */
export type RedisBinary = FoundProgram

// The oldest Redis that the Redis store works on.
const oldest = [6, 2] as const
const version = /\bv=(\d+\.\d+\.\d+)/
const variable = 'SESSIONS_REDIS'

/**
 * Finds a Redis server: on PATH, otherwise fetched once through Debian's apt and unpacked without installing it. With
 * `SESSIONS_REDIS=fetched` it does not look on PATH. Throws one sentence that says what to install when there is none.
 */
export const findRedis: () => Promise<RedisBinary> = finderOf({
  names: ['redis-server', 'valkey-server'],
  oldest,
  version,
  variable,
  // Debian ships one binary: its name decides what it does, and the package redis-server only adds that name.
  archived: [{ package: 'redis-tools', path: 'usr/bin/redis-server', alias: 'redis-check-rdb' }],
  advice: 'install one with `apt-get install redis-server` or `brew install redis`',
})

const valkey = { package: 'valkey-tools', path: 'usr/bin/valkey-server', alias: 'valkey-check-rdb' }
const codename = systemRelease()?.codename ?? 'stable'

/**
 * Finds a Valkey server, as {@link findRedis} does; in Debian 12 and some releases of Ubuntu it is in the backports.
 */
export const findValkey: () => Promise<RedisBinary> = finderOf({
  names: ['valkey-server'],
  oldest,
  version,
  variable,
  archived: [valkey, { ...valkey, suites: [codename, `${codename}-backports`] }],
  advice: 'install one with `apt-get install valkey-server` or `brew install valkey`',
})
