import type pg from 'pg'
import { expect } from 'vitest'
import { type PostgresDatabase, postgresStore, type PostgresStoreOptions } from '../src/index.js'

/** Every verb, several at once, on a session with text that JSON, numbers and quotes are in. */
export async function useAll(
  db: PostgresDatabase<object>,
  options: PostgresStoreOptions = {},
): Promise<void> {
  const store = postgresStore(db, { readTimeoutMs: 20_000, writeTimeoutMs: 20_000, ...options })
  const tenantId = 'acme'
  const body = '{"first_name":"Ada","list":[1,2,{"a_b":"\\\\x"}]}'
  const payload = '{"some_key":[1,"two"],"quote\'s":"\\u00e9 漢 🙂"}'
  const message = (n: number) => ({ id: `m${n}`, payload })
  const places = Array.from({ length: 6 }, (_, n) => ({ tenantId, id: `s${n}` }))
  await Promise.all(
    places.map((ref) => store.commit(ref, { revision: 0, body, userId: 'u', label: 'l', title: '1' })),
  )
  await Promise.all(
    places.flatMap((ref) => [1, 2, 3].map((n) => store.commit(ref, { messages: [message(n)] }))),
  )
  // Sent again: found one by one.
  await Promise.all(places.map((ref) => store.commit(ref, { messages: [message(1), message(4)] })))
  await Promise.all(places.map((ref) => store.commit(ref, { revision: 1, body })))
  for (const stored of await Promise.all(places.map((ref) => store.read(ref, { tail: 9 })))) {
    expect(stored).toMatchObject({ body, record: { revision: 2, lastSeq: 4, userId: 'u', title: '1' } })
    expect(stored!.messages.map(({ seq, payload }) => [seq, payload])).toEqual(
      [1, 2, 3, 4].map((seq) => [seq, payload]),
    )
  }
  const ref = places[0]!
  for (const order of ['asc', 'desc'] as const) {
    const { messages } = await store.messages(ref, { limit: 9, order })
    expect(messages).toHaveLength(4)
    expect(messages[0]).toMatchObject({ seq: order === 'asc' ? 1 : 4, payload })
  }
  expect(await store.amend(ref, [{ seq: 2, payload: '[]' }])).toBe(1)
  expect(await store.trim(ref, 1)).toBe(1)
  const { items, cursor } = await store.list({ tenantId, userId: 'u', limit: 4 })
  expect(items).toHaveLength(4)
  expect((await store.list({ tenantId, userId: 'u', limit: 4, cursor: cursor! })).items).toHaveLength(2)
  await Promise.all(places.slice(1).map((place) => store.commit(place, { idleMs: 0 })))
  expect(await store.sweep({ limit: 9 })).toBe(5)
  expect(await store.remove(ref)).toBe(true)
}

export function typesWith(parsers: Record<number, (text: string) => unknown>): pg.CustomTypesConfig {
  return { getTypeParser: (oid: number) => parsers[oid] ?? String }
}

export const [bool, int8, int2, int4, text, json, numeric] = [16, 20, 21, 23, 25, 114, 1700]
export const asObject = (value: string) => ({ value })
const fails = () => {
  throw new Error('this parser takes no such value')
}

/** What an application does to the values it reads. */
const values: Record<string, pg.PoolConfig> = {
  'binary: true': { binary: true } as pg.PoolConfig,
  'int8 as objects': { types: typesWith({ [int8]: asObject }) },
  'int8 as bigint': { types: typesWith({ [int8]: BigInt }) },
  'all numbers as objects': {
    types: typesWith({ [int8]: asObject, [int4]: asObject, [int2]: asObject, [numeric]: asObject }),
  },
  'truth values as yes and no': { types: typesWith({ [bool]: (is) => (is === 't' ? 'yes' : 'no') }) },
  'text in upper case': { types: typesWith({ [text]: (value) => value.toUpperCase() }) },
}

const parsersThatThrow = {
  types: typesWith({ [int8]: fails, [int4]: fails, [text]: fails, [json]: fails, [bool]: fails }),
}

/** What an application says to the server. */
const settings: Record<string, string> = {
  'another time zone, date style and search path':
    '-c timezone=Asia/Kathmandu -c datestyle=German,DMY -c search_path=pg_temp',
  'old escapes in strings':
    '-c standard_conforming_strings=off -c escape_string_warning=off -c backslash_quote=off',
  'serializable transactions': '-c default_transaction_isolation=serializable',
  'arrays without nulls, and other forms of values':
    '-c array_nulls=off -c transform_null_equals=on -c extra_float_digits=-15 -c bytea_output=escape',
  'no plans but generic ones': '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off',
}

/** Each oddity alone. */
export const oddPools: Record<string, pg.PoolConfig> = {
  ...values,
  'parsers that throw': parsersThatThrow,
  'one connection': { max: 1 },
  'a new connection for each query': { maxUses: 1 },
  'idle connections that end at once': { idleTimeoutMillis: 1 },
  ...Object.fromEntries(Object.entries(settings).map(([name, options]) => [name, { options }])),
}

/** Many at once. */
export const oddestPools: Record<string, pg.PoolConfig> = {
  'parsers that throw, settings of its own, and a new connection for each query': {
    ...parsersThatThrow,
    options: Object.values(settings).join(' '),
    maxUses: 1,
  },
  'binary: true, and one connection that ends at once': {
    binary: true,
    max: 1,
    idleTimeoutMillis: 1,
  } as pg.PoolConfig,
}
