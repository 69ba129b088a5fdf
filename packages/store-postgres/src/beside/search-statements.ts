import { type Statement, toStatement } from '../connection/statement.js'
import type { TableNames } from '../schema/schema.js'

/** The columns of an entry, and their types. */
export const termColumns = {
  at: 'bigint',
  changes: 'bigint',
  seq: 'integer',
  session_id: 'text',
  incarnation: 'text',
  user_key: 'text',
  role: 'text',
  terms: 'text',
} as const

export const termNames = Object.keys(termColumns) as (keyof typeof termColumns)[]

/** What a question narrows the search by. */
export interface FindForm {
  readonly isRanked: boolean
  readonly hasUser: boolean
  readonly hasSession: boolean
  readonly hasPlace: boolean
}

export interface SearchStatements {
  /** Tenant, a list for each column, then lists of sessions, their incarnations and deadlines: nothing. */
  readonly put: Statement
  /**
   * Tenant, words, roles, from, to, limit, the words to rank by, then, each if there is one: user, session, and the place
   * after which to begin (three values): at, session, seq, incarnation, score.
   */
  readonly find: (form: FindForm) => Statement
  /** Tenant, session, incarnation or null, user or null. */
  readonly own: Statement
  /** Tenant, session, incarnation or null, the last seq. */
  readonly drop: Statement
  /** Tenant, session, incarnation or null. */
  readonly end: Statement
  /** Tenant, user, limit: how many there were. */
  readonly forget: Statement
  /** Tenant, before, limit: session, incarnation. */
  readonly ended: Statement
  /** Tenant, session, incarnation or null, deadline or null. */
  readonly extend: Statement
}

// A session lives longer with each message. An index that asks too early loses a read.
const deadlineStepMs = 3_600_000
// Planned for few, a statement would look at all messages, the newest first, for a word that hardly anybody said.
const foundAtOnce = 1000

export function searchStatements({ terms, searched }: TableNames): SearchStatements {
  const columns = termNames.join(', ')
  const given = termNames.map((name, index) => `$${index + 2}::${termColumns[name]}[]`).join(', ')
  // An empty user is none, and -1 no deadline: a list of a session with `array_nulls` off has no nulls.
  const stored = { terms: 'terms::tsvector', user_key: "nullif(user_key, '')" } as const
  const values = termNames
    .map((name) => (name in stored ? stored[name as keyof typeof stored] : name))
    .join(', ')
  const next = termNames.length + 2
  const at = (name: (typeof termNames)[number]): number => termNames.indexOf(name) + 2
  const isIt = 'tenant_id = $1 and session_id = $2 and ($3::text is null or incarnation = $3::text)'
  return {
    // In the order of their keys, so that two processes never wait for each other. What an earlier session of the same id
    // has said goes; where something is put in its place, that is told by the conflict.
    put: toStatement(
      'search_put',
      `with ends as (
        insert into ${searched} as known (tenant_id, session_id, incarnation, expires_at)
        select $1::text, session_id, incarnation, nullif(given.expires_at, -1)
          from unnest($${next}::text[], $${next + 1}::text[], $${next + 2}::bigint[])
          as given (session_id, incarnation, expires_at) order by 2
        on conflict (tenant_id, session_id) do update set incarnation = excluded.incarnation, expires_at = excluded.expires_at
        where known.incarnation <> excluded.incarnation or (known.expires_at is null) <> (excluded.expires_at is null)
          or known.expires_at + ${deadlineStepMs} < excluded.expires_at
      ), earlier as (
        delete from ${terms} as known using ${searched} as before, unnest($${next}::text[], $${next + 1}::text[]) as given (id, incarnation)
        where before.tenant_id = $1 and before.session_id = given.id and before.incarnation <> given.incarnation
          and known.tenant_id = $1 and known.session_id = given.id and known.incarnation = before.incarnation
          and not exists (
            select from unnest($${at('session_id')}::text[], $${at('seq')}::integer[]) as put (id, seq)
            where put.id = known.session_id and put.seq = known.seq)
      )
      insert into ${terms} as known (tenant_id, ${columns})
      select $1::text, ${values} from unnest(${given}) as given (${columns}) order by session_id, seq
      on conflict (tenant_id, session_id, seq) do update set
        ${termNames.map((name) => `${name} = excluded.${name}`).join(', ')}
      where known.incarnation <> excluded.incarnation or known.at < excluded.at
        or (known.at = excluded.at and known.changes <= excluded.changes)`,
    ),
    find: ({ isRanked, hasUser, hasSession, hasPlace }) => {
      let last = 7
      const filters = [
        ...(hasUser ? [`user_key = $${++last}`] : []),
        ...(hasSession ? [`session_id = $${++last}`] : []),
        ...(hasPlace
          ? [`(at, session_id, seq) < ($${++last}::bigint, $${++last}::text, $${++last}::integer)`]
          : []),
      ].map((filter) => ` and ${filter}`)
      return toStatement(
        'search_find',
        `with asked as (select $7::text), found as materialized (
          select at, session_id, seq, incarnation${isRanked ? ', terms' : ''} from ${terms}
          where tenant_id = $1 and terms @@ $2::tsquery and role = any($3::text[]) and at >= $4 and at < $5${filters.join('')}
          order by at desc, session_id desc, seq desc limit greatest($6::integer, ${foundAtOnce})
        )
        select at::text, session_id, seq::text, incarnation, ${isRanked ? 'ts_rank(terms, $7::tsquery, 1)' : '0'}::text
        from found order by found.at desc, found.session_id desc, found.seq desc limit $6::integer`,
      )
    },
    own: toStatement(
      'search_own',
      `update ${terms} set user_key = $4 where ${isIt} and user_key is distinct from $4`,
    ),
    drop: toStatement('search_drop', `delete from ${terms} where ${isIt} and seq <= $4`),
    end: toStatement('search_end', `delete from ${searched} where ${isIt}`),
    forget: toStatement(
      'search_forget',
      `with gone as (
        delete from ${terms} where tenant_id = $1 and ctid = any(array(
          select ctid from ${terms} where tenant_id = $1 and user_key = $2 limit $3)) returning session_id
      ), ends as (
        delete from ${searched} where tenant_id = $1 and session_id in (select session_id from gone)
      )
      select count(*)::text from gone`,
    ),
    ended: toStatement(
      'search_ended',
      `select session_id, incarnation from ${searched} where tenant_id = $1 and expires_at <= $2
      order by expires_at, session_id limit $3`,
    ),
    extend: toStatement('search_extend', `update ${searched} set expires_at = $4 where ${isIt}`),
  }
}
