import {
  type CompiledQuery,
  DummyDriver,
  Kysely,
  type KyselyPlugin,
  OperationNodeTransformer,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  SchemableIdentifierNode,
  sql,
} from 'kysely'
import type { Value } from './database.js'
import type { SessionTables, TableNames } from './schema.js'
import { type Statement, toStatement } from './statement.js'

/** A statement whose parameters have names. */
export interface NamedStatement<Name extends string = string> {
  statement: Statement
  values: (params: Readonly<Record<Name, Value>>) => Value[]
}

class Param {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** Stands for a value that is known when the statement is run. */
export function param<T>(name: string, type: string): RawBuilder<T> {
  return sql<T>`${new Param(name)}::${sql.raw(type)}`
}

/** A Kysely that only writes SQL, over the tables as they are named in this database. */
export function createQueryBuilder(names: TableNames): Kysely<SessionTables<''>> {
  return new Kysely<SessionTables<''>>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (kysely) => new PostgresIntrospector(kysely),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    plugins: [new NamedTables(names)],
  })
}

/** Compiles a query once, to be run with other values each time. */
export function compile<Name extends string>(
  verb: string,
  query: { compile(): CompiledQuery },
): NamedStatement<Name> {
  const { sql, parameters } = query.compile()
  return {
    statement: toStatement(verb, sql),
    values: (params) =>
      parameters.map((parameter) =>
        parameter instanceof Param ? params[parameter.name as Name] : (parameter as Value),
      ),
  }
}

class NamedTables implements KyselyPlugin {
  readonly #transformer: TableNamer

  constructor(names: TableNames) {
    this.#transformer = new TableNamer(names)
  }

  transformQuery: KyselyPlugin['transformQuery'] = ({ node, queryId }) =>
    this.#transformer.transformNode(node, queryId)

  transformResult: KyselyPlugin['transformResult'] = async ({ result }) => result
}

class TableNamer extends OperationNodeTransformer {
  readonly #names: TableNames

  constructor(names: TableNames) {
    super()
    this.#names = names
  }

  protected override transformSchemableIdentifier(node: SchemableIdentifierNode): SchemableIdentifierNode {
    const { name } = node.identifier
    if (name !== 'sessions' && name !== 'session_messages') return node
    return SchemableIdentifierNode.createWithSchema(this.#names.schema, `${this.#names.prefix}${name}`)
  }
}

/**
 * Arrays side by side as a table: `alias` says its name and columns, each of `arrays` the name and type of one column.
 */
export function unnest<Columns>(alias: string, ...arrays: string[]) {
  const params = arrays.map((array) => {
    const [name, type] = array.split(':') as [string, string]
    return param(name, type)
  })
  return sql<Columns>`unnest(${sql.join(params)})`.as<'given'>(sql.raw(alias))
}

/** A column as text, which every driver reads as text, whatever parsers the application has set for other types. */
export function text(column: string): RawBuilder<string> {
  return sql<string>`${sql.ref(column)}::text`
}
