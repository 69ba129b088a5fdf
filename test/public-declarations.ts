import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseSync } from 'vite'

const root = resolve(import.meta.dirname, '..')

/** A field of an exported interface, as its source spells it. */
export interface PublicField {
  readonly name: string
  readonly type: string
  readonly isOptional: boolean
  /** Of its doc comment; undefined when it has none. */
  readonly doc: string | undefined
}

/** A name that a published door exports, and where it is declared. */
export interface PublicDeclaration {
  readonly name: string
  /** Such as `@sessions/core/store`. */
  readonly door: string
  /** From the root of the repository. */
  readonly file: string
  readonly doc: string | undefined
  /** Of an interface, or of the interface that a type alias stands for; with those of what it extends in this repository. */
  readonly fields: readonly PublicField[]
}

/** Just what is read here of the syntax tree. */
interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly name?: string
  readonly value?: string
  readonly optional?: boolean
  readonly id?: Node | null
  readonly key?: Node
  readonly declaration?: Node | null
  readonly source?: Node | null
  readonly specifiers?: readonly Node[]
  readonly local?: Node
  readonly exported?: Node
  readonly imported?: Node
  readonly declarations?: readonly Node[]
  readonly extends?: readonly Node[]
  readonly expression?: Node
  readonly typeName?: Node
  readonly typeAnnotation?: Node | null
  readonly typeArguments?: { readonly params: readonly Node[] } | null
  readonly literal?: Node
  readonly types?: readonly Node[]
  readonly members?: readonly Node[]
  readonly body?: Node | readonly Node[]
  readonly decorators?: readonly Node[]
}

interface SourceFile {
  readonly text: string
  readonly statements: readonly Node[]
  readonly comments: readonly { readonly type: string; readonly value: string; readonly end: number }[]
}

const parsed = new Map<string, SourceFile>()

function parse(file: string): SourceFile {
  const known = parsed.get(file)
  if (known !== undefined) return known
  const text = readFileSync(file, 'utf8')
  const { program, comments, errors } = parseSync(file, text)
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]!.message}`)
  const source = { text, statements: program.body as unknown as Node[], comments }
  parsed.set(file, source)
  return source
}

/** The text of the doc comment that ends right before a place, without its stars. */
function docBefore({ text, comments }: SourceFile, start: number): string | undefined {
  const doc = comments.findLast(
    (comment) =>
      comment.type === 'Block' &&
      comment.value.startsWith('*') &&
      comment.end <= start &&
      text.slice(comment.end, start).trim() === '',
  )
  if (doc === undefined) return undefined
  const lines = doc.value.slice(1).split('\n')
  return lines
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim()
}

interface Declared {
  readonly file: string
  readonly node: Node
  readonly doc: string | undefined
}

const targetOf = (file: string, from: string): string | undefined =>
  from.startsWith('.') ? resolve(dirname(file), from.replace(/\.js$/, '.ts')) : undefined

/** Where a name of a file is declared: there, or in a file of ours that it comes from. */
function declarationOf(file: string, name: string): Declared | undefined {
  const source = parse(file)
  const found: Declared[] = []
  for (const statement of source.statements) {
    const isExport = statement.type === 'ExportNamedDeclaration'
    const node = isExport && statement.declaration ? statement.declaration : statement
    const names = node.declarations === undefined ? [node.id] : node.declarations.map(({ id }) => id)
    if (names.some((id) => id?.name === name)) {
      found.push({ file, node, doc: docBefore(source, node.decorators?.[0]?.start ?? statement.start) })
    }
    const from = statement.source?.value
    const specifier = statement.specifiers?.find(
      ({ exported, local }) => (isExport ? exported : local)?.name === name,
    )
    if (specifier === undefined) continue
    const inner = (isExport ? specifier.local : specifier.imported)?.name
    const target = from === undefined ? file : targetOf(file, from)
    if (target !== undefined && inner !== undefined && (target !== file || inner !== name)) {
      return declarationOf(target, inner)
    }
  }
  // Of a function with overloads, or a type and a value of one name, any may carry the comment.
  return found.find(({ doc }) => doc !== undefined) ?? found[0]
}

/** The fields of an interface and of what it extends, or of what a type alias stands for. */
function fieldsOf({ file, node }: Declared): PublicField[] {
  const source = parse(file)
  if (node.type === 'TSInterfaceDeclaration') {
    const members = (node.body as Node).body as readonly Node[]
    return [
      ...(node.extends ?? []).flatMap((parent) => fieldsOfType(file, parent)),
      ...membersOf(source, members),
    ]
  }
  return node.type === 'TSTypeAliasDeclaration' ? fieldsOfType(file, node.typeAnnotation ?? undefined) : []
}

function fieldsOfType(file: string, type: Node | undefined): PublicField[] {
  if (type === undefined) return []
  if (type.type === 'TSTypeLiteral') return membersOf(parse(file), type.members ?? [])
  if (type.type === 'TSIntersectionType' || type.type === 'TSUnionType') {
    const all = (type.types ?? []).flatMap((each) => fieldsOfType(file, each))
    return all.filter(({ name }, index) => all.findIndex((other) => other.name === name) === index)
  }
  const name = (type.typeName ?? type.expression)?.name
  if (name === undefined) return []
  const [first, second] = type.typeArguments?.params ?? []
  if (['Pick', 'Omit'].includes(name)) {
    const keys = (second?.types ?? [second]).map((key) => key?.literal?.value)
    return fieldsOfType(file, first).filter((field) => keys.includes(field.name) === (name === 'Pick'))
  }
  if (['Partial', 'Readonly', 'Required'].includes(name)) return fieldsOfType(file, first)
  const declared = declarationOf(file, name)
  return declared === undefined ? [] : fieldsOf(declared)
}

function membersOf(source: SourceFile, members: readonly Node[]): PublicField[] {
  return members
    .filter(({ key }) => key !== undefined)
    .map((member) => {
      const annotation = member.typeAnnotation
      const isMethod = member.type === 'TSMethodSignature'
      return {
        name: member.key!.name ?? member.key!.value ?? '',
        type: isMethod ? 'function' : source.text.slice((annotation?.start ?? 0) + 1, annotation?.end).trim(),
        isOptional: member.optional === true,
        doc: docBefore(source, member.start),
      }
    })
}

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly exports: Record<string, unknown>
}

/** Every name that a published package exports, door by door. */
export function publicDeclarations(): PublicDeclaration[] {
  return readdirSync(join(root, 'packages')).flatMap((folder) => {
    const manifest = JSON.parse(
      readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'),
    ) as Manifest
    if (manifest.private === true) return []
    return Object.keys(manifest.exports)
      .filter((door) => door !== './package.json')
      .flatMap((door) => {
        const src = join(root, 'packages', folder, 'src')
        const file = join(src, door === '.' ? 'index.ts' : `${door.slice(2)}.ts`)
        return exportedNames(file).map((name) => {
          const declared = declarationOf(file, name)
          if (declared === undefined) throw new Error(`${file}: ${name} is declared nowhere`)
          return {
            name,
            door: manifest.name + door.slice(1),
            file: declared.file.slice(root.length + 1),
            doc: declared.doc,
            fields: fieldsOf(declared),
          }
        })
      })
  })
}

function exportedNames(file: string): string[] {
  return parse(file)
    .statements.filter(({ type }) => type === 'ExportNamedDeclaration')
    .flatMap(({ specifiers = [], declaration }) => [
      ...specifiers.map(({ exported }) => exported!.name!),
      ...(declaration?.id ? [declaration.id.name!] : []),
      ...(declaration?.declarations ?? []).map(({ id }) => id!.name!),
    ])
}
