import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { describeSessionStore } from '@sessions/core/testing'
import { fetchPackages } from '@sessions/testkit'
import type * as kysely from 'kysely'
import type pg from 'pg'
import { afterAll } from 'vitest'
import { useServer } from './databases.js'
import { makeStores } from './make-stores.js'

// The lowest version that package.json allows of each driver; the newest ones run in the other files.
const manifest = JSON.parse(readFileSync(resolve(import.meta.dirname, '../package.json'), 'utf8')) as {
  peerDependencies: Record<string, string>
}
const lowest = ['pg', 'kysely'].map(
  (name) => `${name}@${/\d+\.\d+\.\d+/.exec(manifest.peerDependencies[name]!)![0]}`,
)
const require = createRequire(join(await fetchPackages(`pg-drivers-${lowest.join('-')}`, lowest), 'index.js'))
const { Pool } = require('pg') as typeof pg
const { Kysely, PostgresDialect } = require('kysely') as typeof kysely

const context = useServer()
const pools: pg.Pool[] = []
afterAll(() => Promise.all(pools.map((pool) => pool.end())))
const open = (url: string): pg.Pool => {
  const pool = new Pool({ connectionString: url })
  pool.on('error', () => {})
  pools.push(pool)
  return pool
}

describeSessionStore(lowest[0]!, makeStores(context, {}, open))
describeSessionStore(
  lowest[1]!,
  makeStores(context, {}, (url) => new Kysely({ dialect: new PostgresDialect({ pool: open(url) }) })),
)
