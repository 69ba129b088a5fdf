/** A value for a statement. */
export type SqliteValue = string | number | null

/**
 * A prepared statement, as every driver has it. Each value is a `SqliteValue`; the type says less, because
 * TypeScript 5 compares the types of drivers with it and takes their values for `{}`.
 */
export interface SqliteStatement {
  /** Every row, as an object with a property for each column. */
  all(...values: unknown[]): unknown
  /** The first row as such an object, or nothing. */
  get(...values: unknown[]): unknown
  /** Runs a statement that gives no rows. */
  run(...values: unknown[]): unknown
}

/**
 * A connection to a database, as `libsql`, `better-sqlite3`, `node:sqlite` and `bun:sqlite` have it. A method has done
 * its work when it returns.
 */
export interface SqliteDatabase {
  /** Runs commands without values. */
  exec(sql: string): unknown
  /** A statement. */
  prepare(sql: string): SqliteStatement
  /** Lets go of the file. */
  close(): unknown
}
