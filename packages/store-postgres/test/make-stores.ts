import { Kysely, PostgresDialect } from 'kysely'
import type pg from 'pg'
import { expect } from 'vitest'
import { postgresStore, type PostgresStoreOptions } from '../src/index.js'
import { as, createAppRole, leftOver, migrated, patient, type useServer } from './databases.js'

/** How a test opens what the store works on. */
export type Open = (url: string) => pg.Pool | Kysely<{ others: { id: string } }>

/** Two stores on a new database, which is whole when they close. */
export function makeStores(
  context: ReturnType<typeof useServer>,
  options: PostgresStoreOptions = {},
  open: Open = (url) => context.pools.open(url, patient.pool),
  partitions?: number,
) {
  return async () => {
    const { schema, tablePrefix, rls } = options
    const url = await migrated(context.server, {
      ...(schema === undefined ? {} : { schema }),
      ...(tablePrefix === undefined ? {} : { tablePrefix }),
      ...(rls === undefined ? {} : { rls }),
      ...(partitions === undefined ? {} : { partitions }),
    })
    const owner = context.pools.open(url)
    if (options.rls !== undefined) await createAppRole(owner, 'tenant_app', schema)
    const appUrl = options.rls === undefined ? url : as('tenant_app', url)
    return {
      store: postgresStore(open(appUrl), { ...patient.store, ...options }),
      peer: postgresStore(open(appUrl), { ...patient.store, ...options }),
      // After all those races, nothing is where no method would find it.
      close: async () => expect(await leftOver(owner, options)).toBe(0),
    }
  }
}

/** Opens a Kysely of its own pool. */
export const kysely =
  ({ pools }: ReturnType<typeof useServer>): Open =>
  (url) =>
    new Kysely({ dialect: new PostgresDialect({ pool: pools.open(url, patient.pool) }) })
