import { SessionError } from '@sessions/core/store'
import pg from 'pg'
import { begin, type Connection, type ConnectionSource } from '../connection/database.js'
import { toStatement } from '../connection/statement.js'
import type { TableNames } from '../schema/schema.js'
import { nowMs } from '../schema/sql-clock.js'

/** `off`, or the name of the setting that policies compare the tenant with, such as `sessions.tenant`. */
export type RowLevelSecurity = 'off' | `${string}.${string}`

const settingName = /^[a-z_][a-z0-9_]{0,30}\.[a-z_][a-z0-9_]{0,30}$/

/** The setting, or undefined for `off`. @throws `invalid` for a text that is no name of a setting. */
export function toSetting(rls: RowLevelSecurity): string | undefined {
  if (rls === 'off') return undefined
  if (settingName.test(rls)) return rls
  const problem =
    "rls must be 'off' or the name of a setting: two identifiers in lower case and a dot in between"
  throw new SessionError('invalid', problem, { path: 'rls' })
}

/** The setting is on while a sweep looks for expired sessions of all tenants. */
function sweepSetting(setting: string): string {
  return `${setting}_sweep`
}

/**
 * Opens a transaction for one tenant (encoded), or for a sweep. The role of tenant or sweep ends with the transaction.
 */
export function toBegin(setting: string): (tenant: string | undefined) => string[] {
  return (tenant) => [
    begin,
    ...(tenant === undefined ? [setLocal(sweepSetting(setting), 'on')] : toEnter(setting)(tenant)),
  ]
}

/** Goes on in the same transaction for another tenant, and no longer as a sweep. */
export function toEnter(setting: string): (tenant: string) => string[] {
  return (tenant) => [setLocal(setting, tenant), setLocal(sweepSetting(setting), '')]
}

function setLocal(setting: string, value: string): string {
  return `select set_config('${setting}', ${pg.escapeLiteral(value)}, true)`
}

/**
 * Turns row-level security on, for owners too. A tenant sees its rows. A sweep sees expired sessions of all tenants,
 * and no message. Without either setting nobody sees anything.
 */
export function policySql(names: TableNames, setting: string): string[] {
  const { sessions, messages, usage, usageHours, terms, searched, facts } = names
  const tenant = `tenant_id = nullif(current_setting('${setting}', true), '')`
  const sweep = `current_setting('${sweepSetting(setting)}', true) = 'on' and expires_at <= ${nowMs}`
  return [sessions, messages, usage, usageHours, terms, searched, facts]
    .flatMap((table) => [
      `alter table ${table} enable row level security`,
      `alter table ${table} force row level security`,
      `drop policy if exists sessions_tenant on ${table}`,
      `create policy sessions_tenant on ${table} using (${tenant}) with check (${tenant})`,
    ])
    .concat(
      `drop policy if exists sessions_sweep on ${sessions}`,
      `create policy sessions_sweep on ${sessions} using (${sweep}) with check (false)`,
    )
}

/** @throws `store_failed` when the role or the tables would let a tenant see another's rows. */
export async function checkRowLevelSecurity(
  source: ConnectionSource,
  names: TableNames,
  setting: string,
  until: number,
): Promise<void> {
  const problem = await source.use(until, (connection) => policyProblem(connection, names, setting))
  if (problem !== undefined) throw new SessionError('store_failed', `row-level security: ${problem}`)
}

/** Why a tenant would see another's rows; undefined when none does. */
export async function policyProblem(
  connection: Connection,
  names: TableNames,
  setting: string,
): Promise<string | undefined> {
  const [row] = await connection.query(roleStatement, [names.sessions, names.messages, setting], false)
  const [bypasses, tables, secured, policies] = (row ?? []).map(Number) as [number, number, number, number]
  return bypasses !== 0
    ? 'the role is a superuser or has BYPASSRLS, so policies do not bind it: use another one'
    : tables < 2
      ? 'the tables are missing: apply migrations with migrate()'
      : secured < 2
        ? 'row-level security is not enabled and forced on the tables: call migrate() with the same rls'
        : policies < 2
          ? `the tables have no policy on ${setting}: call migrate() with the same rls`
          : undefined
}

const roleStatement = toStatement(
  'role',
  `select (rolsuper or rolbypassrls)::integer::text as bypasses,
    (select count(*)::text from pg_class c where c.oid in (to_regclass($1), to_regclass($2))) as tables,
    (select count(*)::text from pg_class c where c.oid in (to_regclass($1), to_regclass($2))
      and c.relrowsecurity and c.relforcerowsecurity) as secured,
    (select count(distinct p.polrelid)::text from pg_policy p where p.polrelid in (to_regclass($1), to_regclass($2))
      and position('''' || $3 || '''' in pg_get_expr(p.polqual, p.polrelid)) > 0
      and position('''' || $3 || '''' in pg_get_expr(p.polwithcheck, p.polrelid)) > 0) as policies
  from pg_roles where rolname = current_user`,
)
