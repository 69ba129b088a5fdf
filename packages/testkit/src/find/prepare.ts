import { findChromium } from './find-chromium.js'
import { findNats } from './find-nats.js'
import { findPgBouncer, findPreparingPgBouncer } from './find-pgbouncer.js'
import { findPostgres } from './find-postgres.js'
import { findRedis, findValkey } from './find-redis.js'

/** A program that tests need and no package manager has installed. */
export type Need = 'chromium' | 'redis' | 'postgres' | 'valkey' | 'pgbouncer' | 'nats'

const finders: Record<Need, () => Promise<string>> = {
  chromium: async () => `Chromium: ${await findChromium()}`,
  async redis() {
    const { version, command } = await findRedis()
    return `Redis ${version}: ${command}`
  },
  async postgres() {
    const { version, bin, account } = await findPostgres()
    return `PostgreSQL ${version}: ${bin}${account === undefined ? '' : `, run as ${account.name}`}`
  },
  async valkey() {
    const { version, command } = await findValkey()
    return `Valkey ${version}: ${command}`
  },
  async pgbouncer() {
    const [any, preparing] = [await findPgBouncer(), await findPreparingPgBouncer()]
    const found = new Set([any, preparing].map(({ version, command }) => `${version}: ${command}`))
    return `PgBouncer ${[...found].join(', ')}`
  },
  async nats() {
    const { version, command } = await findNats()
    return `NATS ${version}: ${command}`
  },
}

/**
 * Finds the programs that tests need, and fetches those that are missing, so that no test has to during the run.
 * Reports what it found, one line each.
 *
 * @throws one sentence that says what to install, when a program can be neither found nor fetched.
 */
export async function prepare(needs: Iterable<Need>, say: (line: string) => void): Promise<void> {
  for (const need of new Set(needs)) say(await finders[need]())
}
