/**
 * The store on PostgreSQL 13 and later and its migrations, and what else can be kept there: usage, analytics, search
 * and a bus.
 *
 * @packageDocumentation
 */
export { postgresAnalytics, type PostgresAnalyticsOptions } from './beside/postgres-analytics.js'
export { postgresBus, type PostgresBusOptions } from './bus/postgres-bus.js'
export {
  type OwnedPostgresStore,
  postgresStore,
  type PostgresStoreOptions,
  type StatementKind,
} from './postgres-store.js'
export { postgresSearch, type PostgresSearchOptions } from './beside/postgres-search.js'
export { postgresUsageLog, type PostgresUsageLogOptions } from './beside/postgres-usage-log.js'
export { createPostgresPool } from './connection/pool.js'
export type { EmbeddedConnection, EmbeddedPostgres, EmbeddedTransaction } from './connection/pglite-source.js'
export type { PostgresDatabase } from './connection/source.js'
export { checkSchema, migrate, type Migrated, type MigrateOptions, migrationSql } from './setup/migrate.js'
export type { RowLevelSecurity } from './setup/row-level-security.js'
export type {
  SessionMessagesTable,
  SessionsTable,
  SessionTables,
  TableOptions,
  WholeNumber,
} from './schema/schema.js'
