/**
 * The store on PostgreSQL 13 and later and its migrations, and what else can be kept there: usage, analytics, search
 * and a bus.
 *
 * @packageDocumentation
 */
export { postgresAnalytics, type PostgresAnalyticsOptions } from './postgres-analytics.js'
export { postgresBus, type PostgresBusOptions } from './postgres-bus.js'
export {
  type OwnedPostgresStore,
  postgresStore,
  type PostgresStoreOptions,
  type StatementKind,
} from './postgres-store.js'
export { postgresSearch, type PostgresSearchOptions } from './postgres-search.js'
export { postgresUsageLog, type PostgresUsageLogOptions } from './postgres-usage-log.js'
export { createPostgresPool } from './pool.js'
export type { EmbeddedConnection, EmbeddedPostgres, EmbeddedTransaction } from './pglite-source.js'
export type { PostgresDatabase } from './source.js'
export { checkSchema, migrate, type Migrated, type MigrateOptions, migrationSql } from './migrate.js'
export type { RowLevelSecurity } from './row-level-security.js'
export type {
  SessionMessagesTable,
  SessionsTable,
  SessionTables,
  TableOptions,
  WholeNumber,
} from './schema.js'
