import type { TableNames } from './schema.js'

/** One step from a version of the tables to the next. Published ones never change. */
export interface Migration {
  version: number
  /** One command each. */
  commands: (names: TableNames, partitions?: number) => string[]
}

export const migrations: readonly Migration[] = [{ version: 1, commands: createTables }]

export const latestVersion = migrations.length

// decisions/021-postgres-layout.md has the reasons for this layout.
function createTables({ prefix, schema, sessions, messages }: TableNames, partitions?: number): string[] {
  // Room beside each row of a session, so that most changes stay on its page. A table in partitions has no pages.
  const room = ' with (fillfactor = 70)'
  const byTenant = ' partition by hash (tenant_id)'
  const parts = (table: string, name: string, settings = '') =>
    Array.from(
      { length: partitions ?? 0 },
      (_, part) =>
        `create table "${schema}"."${prefix}${name}_p${part}" partition of ${table} for values with (modulus ${partitions}, remainder ${part})${settings}`,
    )
  return [
    `create table ${sessions} (
  skey bigint generated always as identity,
  created_at bigint not null,
  updated_at bigint not null,
  active_at bigint not null,
  expires_at bigint,
  bytes bigint not null default 0,
  idle_ms bigint,
  absolute_ms bigint,
  revision bigint not null,
  changes bigint not null,
  last_seq integer not null,
  trimmed_seq integer not null default 0,
  expires_bucket integer,
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  incarnation text collate "C" not null,
  user_id text collate "C",
  label text collate "C",
  title text,
  body text not null,
  constraint "${prefix}sessions_pkey" primary key (tenant_id, id)
)${partitions === undefined ? room : byTenant}`,
    ...parts(sessions, 'sessions', room),
    `create index "${prefix}sessions_active" on ${sessions} (tenant_id, active_at desc, id)`,
    `create index "${prefix}sessions_user_active" on ${sessions} (tenant_id, user_id, active_at desc, id)
  where user_id is not null`,
    `create index "${prefix}sessions_expiry" on ${sessions} (expires_bucket) where expires_bucket is not null`,
    `create table ${messages} (
  session_key bigint not null,
  at bigint not null,
  seq integer not null,
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  payload text not null,
  constraint "${prefix}session_messages_pkey" primary key (tenant_id, session_key, seq),
  constraint "${prefix}session_messages_once" unique (tenant_id, session_key, id)
)${partitions === undefined ? '' : byTenant}`,
    ...parts(messages, 'session_messages'),
  ]
}
