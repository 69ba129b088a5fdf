import type { TableNames } from './schema.js'

/** One step from a version of the tables to the next. Published ones never change. */
export interface Migration {
  version: number
  /** One command each. */
  commands: (names: TableNames, partitions?: number) => string[]
}

export const migrations: readonly Migration[] = [
  { version: 1, commands: createTables },
  { version: 2, commands: createUsageTables },
  { version: 3, commands: createSearchTables },
  { version: 4, commands: createFactsTable },
  { version: 5, commands: indexLabels },
]

/** The version that lists by label need to be fast. */
export const labelVersion = 5

/** The index by label of a table, by its name without a schema. */
export const labelIndex = (table: string): string => `${table}_label_active`

export const labelColumns = `(tenant_id, label, active_at desc, id)
  where label is not null`

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

// The tables of `postgresUsageLog`. The hours are few, however many turns there are: what is asked by model and day comes
// from them, and what is asked by user from the turns of the user.
function createUsageTables({ prefix, usage, usageHours }: TableNames): string[] {
  const counts = `turns bigint not null,
  unpriced bigint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cached_tokens bigint not null,
  written_tokens bigint not null,
  reasoning_tokens bigint not null,
  cost numeric not null`
  return [
    `create table ${usage} (
  at bigint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cached_tokens bigint,
  written_tokens bigint,
  reasoning_tokens bigint,
  tenant_id text collate "C" not null,
  event_id text collate "C" not null,
  user_key text collate "C",
  session_id text collate "C",
  label text collate "C",
  outcome text collate "C" not null,
  provider text collate "C",
  model text collate "C",
  cost numeric,
  currency text collate "C",
  cost_by text collate "C",
  price_from text collate "C",
  constraint "${prefix}session_usage_pkey" primary key (tenant_id, event_id)
)`,
    `create index "${prefix}session_usage_at" on ${usage} (tenant_id, at, event_id)`,
    `create index "${prefix}session_usage_user" on ${usage} (tenant_id, user_key, at) where user_key is not null`,
    `create table ${usageHours} (
  tenant_id text collate "C" not null,
  hour bigint not null,
  provider text collate "C" not null,
  model text collate "C" not null,
  currency text collate "C" not null,
  ${counts},
  constraint "${prefix}session_usage_hours_pkey" primary key (tenant_id, hour, provider, model, currency)
)`,
  ]
}

// The tables of `postgresSearch`. One index has the words; the others have the newest first, for words that are common.
function createSearchTables({ prefix, terms, searched }: TableNames): string[] {
  return [
    `create table ${terms} (
  at bigint not null,
  changes bigint not null,
  seq integer not null,
  tenant_id text collate "C" not null,
  session_id text collate "C" not null,
  incarnation text collate "C" not null,
  user_key text collate "C",
  role text collate "C" not null,
  terms tsvector not null,
  constraint "${prefix}session_terms_pkey" primary key (tenant_id, session_id, seq)
)`,
    `create index "${prefix}session_terms_new" on ${terms} (tenant_id, at desc, session_id desc, seq desc)`,
    `create index "${prefix}session_terms_user" on ${terms} (tenant_id, user_key, at desc, session_id desc, seq desc)
  where user_key is not null`,
    `create index "${prefix}session_terms_words" on ${terms} using gin (terms)`,
    `create table ${searched} (
  expires_at bigint,
  tenant_id text collate "C" not null,
  session_id text collate "C" not null,
  incarnation text collate "C" not null,
  constraint "${prefix}session_searched_pkey" primary key (tenant_id, session_id)
)`,
    `create index "${prefix}session_searched_end" on ${searched} (tenant_id, expires_at) where expires_at is not null`,
  ]
}

// The table of `postgresAnalytics`. Everything but the key is null while the user does not consent.
function createFactsTable({ prefix, facts }: TableNames): string[] {
  return [
    `create table ${facts} (
  changes bigint not null,
  created_at bigint not null,
  messages bigint,
  turns bigint,
  duration_ms bigint,
  stage integer,
  consents boolean not null,
  is_users boolean,
  tenant_id text collate "C" not null,
  session_key text collate "C" not null,
  unit text collate "C",
  value jsonb,
  topics jsonb,
  days jsonb,
  phases jsonb,
  segments jsonb,
  arms jsonb,
  constraint "${prefix}session_facts_pkey" primary key (tenant_id, session_key)
)`,
    `create index "${prefix}session_facts_at" on ${facts} (tenant_id, created_at, session_key)`,
    `create index "${prefix}session_facts_unit" on ${facts} (tenant_id, unit) where unit is not null`,
  ]
}

// Each session has labels of its own for what is kept beside it. On a large table the index is there already: see
// `indexLargeTables`.
function indexLabels({ prefix, sessions }: TableNames): string[] {
  return [
    dropUnfinished(sessions),
    `create index if not exists "${prefix}${labelIndex('sessions')}" on ${sessions} ${labelColumns}`,
  ]
}

// `if not exists` takes an index for one that a command did not finish, and Postgres never reads such a one. That of a
// table in partitions goes first: it takes those of its partitions along.
function dropUnfinished(sessions: string): string {
  return `do $unfinished$ declare part record; begin
for part in select s.nspname as space, i.relname as name
  from pg_index x
  join pg_class i on i.oid = x.indexrelid
  join pg_class t on t.oid = x.indrelid
  join pg_namespace s on s.oid = i.relnamespace
  where not x.indisvalid and i.relname = t.relname || '${labelIndex('')}'
    and (t.oid = to_regclass('${sessions}')
      or t.oid in (select inhrelid from pg_inherits where inhparent = to_regclass('${sessions}')))
  order by i.relkind
loop
  execute format('drop index if exists %I.%I', part.space, part.name);
end loop;
end $unfinished$`
}
