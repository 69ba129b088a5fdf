import { parseWhole, unitSeparator } from '@sessions/core/store'
import type { Row } from '../connection/database.js'
import { isNull } from '../reading/rows.js'
import type { LockedSession } from '../writing/session-steps.js'
import type { WholeNumber } from '../schema/schema.js'
import { recordColumns } from '../statements/statements.js'

const columns = [...recordColumns.required, ...recordColumns.optional]

export type RecordColumn = (typeof columns)[number]

/** The columns of a record as the database has them. */
export type RecordRow = Readonly<Record<RecordColumn, string | number | null>>

/** The record of a row, as `parseStoredRecord` reads it. A column that must not be empty is left out when it is. */
export function toRecordText(row: RecordRow): string {
  const required = recordColumns.required.map((column) => row[column]).filter((value) => value !== null)
  const optional = recordColumns.optional.map((column) => row[column] ?? '')
  return [...required, ...optional].join(unitSeparator)
}

/** The row of a session that a transaction holds: its key, the clock of the server, and the columns of its record. */
export class LockedRow implements LockedSession {
  readonly key: string
  /** The server's clock when it was asked for the row. */
  readonly now: number
  readonly row: RecordRow

  constructor([key, now, ...fields]: Row) {
    this.key = String(key)
    this.now = parseWhole(now, 'now')
    const texts = columns.map((column, index) => [column, toText(fields[index])])
    this.row = Object.fromEntries(texts) as RecordRow
  }

  get live(): boolean {
    return this.row.expires_at === null || Number(this.row.expires_at) > this.now
  }

  get record(): string {
    return toRecordText(this.row)
  }

  /** How many messages it has. */
  get count(): number {
    return Number(this.row.last_seq) - Number(this.row.trimmed_seq)
  }

  /** Whether it is of this incarnation, and has had so many changes; null means any. */
  isMeant({ incarnation = null, changes = null }: Guard): boolean {
    const isOther = incarnation !== null && incarnation !== this.row.incarnation
    return !isOther && (changes === null || changes === Number(this.row.changes))
  }
}

interface Guard {
  readonly incarnation?: string | null
  readonly changes?: number | null
}

function toText(value: unknown): string | null {
  return isNull(value) ? null : `${value as WholeNumber}`
}
