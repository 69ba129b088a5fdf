import { createHash } from 'node:crypto'

/** SQL text, and the name it is prepared under. */
export interface Statement {
  readonly name: string
  readonly text: string
}

/**
 * A statement whose name tells its verb and its text, so that stores with other tables, and other versions of this
 * package, can share a connection.
 */
export function toStatement(verb: string, text: string): Statement {
  const compact = text.trim().replaceAll(/\s+/g, ' ')
  const digest = createHash('sha256').update(compact).digest('hex').slice(0, 16)
  return { name: `sessions_${verb}_${digest}`, text: compact }
}
