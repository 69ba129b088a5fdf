import type { Value } from './database.js'
import { type Statement, toStatement } from './statement.js'

/** A statement whose values have names. */
export interface NamedStatement<Name extends string = string> {
  statement: Statement
  values: (params: Readonly<Record<Name, Value>>) => Value[]
}

/**
 * A statement from SQL that names its values, each with its type: `:tenant::text`.
 *
 * @param verb Begins the name that the statement is prepared under.
 */
export function named<Name extends string>(verb: string, sql: string): NamedStatement<Name> {
  const names: Name[] = []
  const text = sql.replaceAll(/(?<![\w:]):(\w+)(?=::)/g, (_, name: Name) => {
    if (!names.includes(name)) names.push(name)
    return `$${names.indexOf(name) + 1}`
  })
  return { statement: toStatement(verb, text), values: (params) => names.map((name) => params[name]) }
}
