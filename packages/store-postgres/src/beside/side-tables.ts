import { checkOptions, checkTimeout } from '@sessions/core/store'
import { type Call, Database } from '../connection/database.js'
import { type RowLevelSecurity, toBegin, toEnter, toSetting } from '../setup/row-level-security.js'
import { type TableNames, type TableOptions, toTableNames } from '../schema/schema.js'
import { type PostgresDatabase, toSource } from '../connection/source.js'

interface SideTableOptions extends TableOptions {
  rls?: RowLevelSecurity
  timeoutMs?: number
  prepare?: boolean
}

/** The tables beside those of sessions, for one tenant at a time. */
export interface SideTables {
  readonly tables: TableNames
  readonly database: Database
  /** The same, without prepared statements: each is planned for its values. */
  readonly unprepared: Database
  /** A call that has the whole of `timeoutMs`. @param tenant encoded. */
  readonly callOf: (tenant: string, writes: boolean) => Call
}

/** @throws `invalid` for options that cannot be used. */
export function toSideTables<Tables>(
  db: PostgresDatabase<Tables>,
  options: SideTableOptions,
  defaultTimeoutMs: number,
): SideTables {
  checkOptions<SideTableOptions>(options, {
    schema: true,
    tablePrefix: true,
    rls: true,
    timeoutMs: true,
    prepare: true,
  })
  const { rls = 'off', timeoutMs = defaultTimeoutMs, prepare = true } = options
  checkTimeout(timeoutMs, 'timeoutMs')
  const setting = toSetting(rls)
  const tenantSql = setting === undefined ? undefined : { begin: toBegin(setting), enter: toEnter(setting) }
  const source = toSource(db)
  return {
    tables: toTableNames(options),
    database: new Database(source, { prepare, tenantSql }),
    unprepared: new Database(source, { prepare: false, tenantSql }),
    callOf: (tenant, writes) => ({ tenant, until: performance.now() + timeoutMs, writes }),
  }
}
