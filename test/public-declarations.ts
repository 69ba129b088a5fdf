import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Declared, declarationOf, docBefore, type Node, parse, root } from './source-files.js'

/** A field of an exported interface, as its source spells it. */
export interface PublicField {
  readonly name: string
  readonly type: string
  readonly isOptional: boolean
  /** Of its doc comment; undefined when it has none. */
  readonly doc: string | undefined
  /** Where it is declared: the path of the file, and the node of its syntax tree. */
  readonly source: string
  readonly node: Node
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
  readonly declared: Declared
}

/** The fields of an interface and of what it extends, or of what a type alias stands for. */
function fieldsOf({ file, node }: Declared): PublicField[] {
  if (node.type === 'TSInterfaceDeclaration') {
    const members = (node.body as Node).body as readonly Node[]
    const own = membersOf(file, members)
    const inherited = (node.extends ?? []).flatMap((parent) => fieldsOfType(file, parent))
    return [...inherited.filter(({ name }) => !own.some((other) => other.name === name)), ...own]
  }
  return node.type === 'TSTypeAliasDeclaration' ? fieldsOfType(file, node.typeAnnotation ?? undefined) : []
}

function fieldsOfType(file: string, type: Node | undefined): PublicField[] {
  if (type === undefined) return []
  if (type.type === 'TSTypeLiteral') return membersOf(file, type.members ?? [])
  if (type.type === 'TSIntersectionType' || type.type === 'TSUnionType') {
    const all = (type.types ?? []).flatMap((each) => fieldsOfType(file, each))
    return all.filter(({ name }, index) => all.findIndex((other) => other.name === name) === index)
  }
  const name = (type.typeName ?? type.expression)?.name
  if (name === undefined) return []
  const [first, second] = type.typeArguments?.params ?? []
  if (['Pick', 'Omit'].includes(name)) {
    const keys = keysOf(file, second)
    return fieldsOfType(file, first).filter((field) => keys.includes(field.name) === (name === 'Pick'))
  }
  if (['Partial', 'Readonly', 'Required'].includes(name)) return fieldsOfType(file, first)
  const declared = declarationOf(file, name)
  return declared === undefined ? [] : fieldsOf(declared)
}

/** The names that a type of names stands for: `'a' | 'b'`, or an alias of it. */
function keysOf(file: string, type: Node | undefined): string[] {
  if (type?.types !== undefined) return type.types.flatMap((each) => keysOf(file, each))
  if (type?.literal !== undefined) return [type.literal.value!]
  const declared = declarationOf(file, type?.typeName?.name ?? '')
  return declared === undefined ? [] : keysOf(declared.file, declared.node.typeAnnotation ?? undefined)
}

/** @param file The path of the file that the members are in. */
export function membersOf(file: string, members: readonly Node[]): PublicField[] {
  const source = parse(file)
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
        source: file,
        node: member,
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
            declared,
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
