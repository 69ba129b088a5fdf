/**
 * The store in one SQLite file, by libsql, better-sqlite3, `node:sqlite` or `bun:sqlite`.
 *
 * @packageDocumentation
 */
export { type OwnedSqliteStore, sqliteStore, type SqliteStoreOptions } from './sqlite-store.js'
export { type OwnedSqliteSearch, sqliteSearch, type SqliteSearchOptions } from './search/sqlite-search.js'
export { checkSchema, migrate, type Migrated, type MigrateOptions, migrationSql } from './schema/migrate.js'
export type { Synchronous } from './database/open-file.js'
export type { TableOptions } from './schema/schema.js'
export type { SqliteDatabase, SqliteStatement, SqliteValue } from './database/sqlite-database.js'
