import { finderOf, type FoundProgram } from './find-program.js'
import { systemRelease } from './system-release.js'

/** A Redis or Valkey server that runs here. */
export type RedisBinary = FoundProgram

// The oldest Redis that the Redis store works on.
const oldest = [6, 2] as const
const version = /\bv=(\d+\.\d+\.\d+)/
const variable = 'SESSIONS_REDIS'

/**
 * Finds a Redis server: on PATH, else fetched once through Debian's apt and unpacked without installing it.
 * `SESSIONS_REDIS=fetched` passes over PATH. Throws one sentence that says what to install when neither is to
 * be had.
 */
export const findRedis: () => Promise<RedisBinary> = finderOf({
  names: ['redis-server', 'valkey-server'],
  oldest,
  version,
  variable,
  // Debian ships one binary: what it does depends on the name it is called by, and the package redis-server
  // merely adds that name.
  archived: [{ package: 'redis-tools', path: 'usr/bin/redis-server', alias: 'redis-check-rdb' }],
  advice: 'install one with `apt-get install redis-server` or `brew install redis`',
})

const valkey = { package: 'valkey-tools', path: 'usr/bin/valkey-server', alias: 'valkey-check-rdb' }
const codename = systemRelease()?.codename ?? 'stable'

/** Finds a Valkey server, as {@link findRedis} does; in Debian 12 and some of Ubuntu it is in the backports. */
export const findValkey: () => Promise<RedisBinary> = finderOf({
  names: ['valkey-server'],
  oldest,
  version,
  variable,
  archived: [valkey, { ...valkey, suites: [codename, `${codename}-backports`] }],
  advice: 'install one with `apt-get install valkey-server` or `brew install valkey`',
})
