/** A value for a statement. */
export type SqliteValue = string | number | null

/** A prepared statement, as every driver has it. */
export interface SqliteStatement {
  /** Every row, as an object with a property for each column. */
  all(...values: SqliteValue[]): unknown
  /** The first row as such an object, or nothing. */
  get(...values: SqliteValue[]): unknown
  /** Runs a statement that gives no rows. */
  run(...values: SqliteValue[]): unknown
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
