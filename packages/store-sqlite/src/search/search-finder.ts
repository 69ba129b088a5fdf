import {
  decodeText,
  encodeText,
  type SearchPlace,
  type SearchPosting,
  type SearchQuestion,
} from '@sessions/core/store'
import type { Connection } from '../database/connection.js'
import type { Database } from '../database/database.js'
import { type EntryRow, parsePlace, parseRow } from './search-entry.js'
import type { SearchStatements } from './search-statements.js'
import type { SqliteValue } from '../database/sqlite-database.js'
import { nextTurn } from '../database/steps.js'

// Rows of one transaction, which holds the event loop for some milliseconds at most.
const rowsAtOnce = 500
const entriesAtOnce = 40
// A word with more entries is looked for in what its user said, and one with more terms in everything that was said.
const commonCount = 2000
const maxTerms = 50
const newestPlace: SearchPlace = { at: Number.MAX_SAFE_INTEGER, sessionId: '\u{10ffff}', seq: 0 }

/** The terms that a word may be; undefined when they are too many. */
type Terms = readonly string[] | undefined

/** What some rows came to: entries that may be meant, and where to go on. */
interface Step {
  readonly rows: readonly EntryRow[]
  /** Absent when there are no more. */
  readonly next?: SearchPlace
}

/** Finds entries, some at a time: those of its rarest word, or where all are common, those of the user. */
export class SearchFinder {
  readonly #database: Database
  readonly #sql: SearchStatements

  constructor(database: Database, sql: SearchStatements) {
    this.#database = database
    this.#sql = sql
  }

  async find(question: SearchQuestion, until: number): Promise<readonly SearchPosting[]> {
    const { limit, after = newestPlace } = question
    const terms = await this.#database.read(until, (connection) => this.#rarest(connection, question))
    const found: SearchPosting[] = []
    for (let place: SearchPlace | undefined = after; place !== undefined && found.length < limit;) {
      const from: SearchPlace = place
      const step: Step = await this.#database.read(until, (connection) =>
        terms === undefined
          ? this.#newest(connection, question, from)
          : this.#withTerms(connection, question, { terms, from }),
      )
      for (const row of step.rows) {
        const posting = toPosting(row, question)
        if (posting !== undefined && found.length < limit) found.push(posting)
      }
      place = step.next
      if (place !== undefined) await nextTurn()
    }
    return found
  }

  /** The terms of the word that the fewest entries have; undefined when it is better to look at everything. */
  #rarest(connection: Connection, { tenantId, words, user }: SearchQuestion): Terms {
    const tenant = encodeText(tenantId)
    let best: { readonly terms: readonly string[]; readonly count: number } | undefined
    for (const { terms: exact, prefix } of words) {
      const terms = new Set(exact)
      if (prefix !== undefined)
        for (const term of this.#beginning(connection, tenant, prefix)) terms.add(term)
      if (terms.size > maxTerms) continue
      let count = 0
      for (const term of terms) {
        const row = connection.first(this.#sql.count, tenant, encodeText(term), commonCount)
        count += Number(row?.['count'])
      }
      if (best === undefined || count < best.count) best = { terms: [...terms], count }
    }
    const isCommon = best !== undefined && best.count >= commonCount
    return isCommon && user !== undefined ? undefined : best?.terms
  }

  /** The terms with this beginning, one more than may be at most. */
  *#beginning(connection: Connection, tenant: string, prefix: string): Generator<string, void> {
    yield prefix
    const begin = encodeText(prefix)
    const end = `${begin}\u{10ffff}`
    for (let last = begin, count = 0; count <= maxTerms; count++) {
      const row = connection.first(this.#sql.nextTerm, tenant, last, end)
      if (row === undefined) return
      last = String(row['term'])
      yield decodeText(last)
    }
  }

  #newest(connection: Connection, { tenantId, user }: SearchQuestion, from: SearchPlace): Step {
    const after = toValues(from)
    const rows = (
      user === undefined
        ? connection.all(this.#sql.newest, encodeText(tenantId), ...after, entriesAtOnce)
        : connection.all(
            this.#sql.newestOfUser,
            encodeText(tenantId),
            encodeText(user),
            ...after,
            entriesAtOnce,
          )
    ).map(parseRow)
    const last = rows.at(-1)
    return rows.length < entriesAtOnce || last === undefined ? { rows } : { rows, next: placeOf(last) }
  }

  /** The newest entries of all terms. What is older than the last row of a term that has more comes with the next step. */
  #withTerms(
    connection: Connection,
    { tenantId, user }: SearchQuestion,
    { terms, from }: { readonly terms: readonly string[]; readonly from: SearchPlace },
  ): Step {
    const tenant = encodeText(tenantId)
    const atOnce = Math.max(10, Math.floor(rowsAtOnce / Math.max(1, terms.length)))
    const wanted = user === undefined ? undefined : encodeText(user)
    const places = new Map<string, SearchPlace>()
    let next: SearchPlace | undefined
    for (const term of terms) {
      const rows = connection.all(this.#sql.newestOfTerm, tenant, encodeText(term), ...toValues(from), atOnce)
      for (const row of rows) {
        if (wanted !== undefined && row['user_key'] !== wanted) continue
        const place = parsePlace(row)
        places.set(`${place.seq} ${place.sessionId}`, place)
      }
      const last = rows.length < atOnce ? undefined : parsePlace(rows.at(-1)!)
      if (last !== undefined && (next === undefined || isNewer(last, next))) next = last
    }
    const inOrder = [...places.values()].toSorted((one, other) => (isNewer(one, other) ? -1 : 1))
    const ready = inOrder.filter((place) => next === undefined || !isNewer(next, place))
    // An entry is read whole, so there are fewer of them in a step.
    const some = ready.slice(0, entriesAtOnce)
    const rows = some.flatMap(({ sessionId, seq }) => {
      const row = connection.first(this.#sql.entry, tenant, encodeText(sessionId), seq)
      return row === undefined ? [] : [parseRow(row)]
    })
    const goesOn = some.length < ready.length ? some.at(-1) : next
    return goesOn === undefined ? { rows } : { rows, next: goesOn }
  }
}

const toValues = ({ at, sessionId, seq }: SearchPlace): SqliteValue[] => [at, encodeText(sessionId), seq]

const placeOf = ({ at, session, seq }: EntryRow): SearchPlace => ({ at, sessionId: decodeText(session), seq })

/** As the database compares texts: by their bytes. */
function isNewer(one: SearchPlace, other: SearchPlace): boolean {
  if (one.at !== other.at) return one.at > other.at
  if (one.sessionId === other.sessionId) return one.seq > other.seq
  const [left, right] = [one, other].map(({ sessionId }) => Buffer.from(encodeText(sessionId))) as [
    Buffer,
    Buffer,
  ]
  return Buffer.compare(left, right) > 0
}

/** The entry, if it is what is asked for. */
function toPosting(row: EntryRow, question: SearchQuestion): SearchPosting | undefined {
  const { at, seq, role, terms } = row
  const sessionId = decodeText(row.session)
  const { roles, from, to, user, sessionId: wanted, words, isRanked } = question
  if (at < from || at >= to || !roles.some((each) => each === role)) return undefined
  if (wanted !== undefined && wanted !== sessionId) return undefined
  if (user !== undefined && row.user !== encodeText(user)) return undefined
  let score = 0
  for (const { terms: exact, prefix } of words) {
    let count = 0
    for (const [term, often] of terms)
      if (exact.includes(term) || (prefix !== undefined && term.startsWith(prefix))) count += often
    if (count === 0) return undefined
    score += count / (count + 1)
  }
  const incarnation = decodeText(row.incarnation)
  return { at, sessionId, seq, incarnation, score: isRanked ? score / Math.log2(2 + terms.length) : 0 }
}
