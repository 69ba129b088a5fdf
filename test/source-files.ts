import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseSync } from 'vite'

export const root = resolve(import.meta.dirname, '..')

/** Just what is read here of the syntax tree. */
export interface Node {
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
  readonly params?: readonly Node[]
  readonly parameters?: readonly Node[]
  readonly parameter?: Node
  readonly returnType?: Node | null
  readonly typeParameters?: Node | null
  readonly superClass?: Node | null
  readonly implements?: readonly Node[]
  readonly left?: Node
  readonly right?: Node
  readonly argument?: Node
  readonly init?: Node | null
  readonly elementType?: Node
  readonly kind?: string
  readonly static?: boolean
  readonly computed?: boolean
  readonly generator?: boolean
  readonly accessibility?: string | null
}

export interface SourceFile {
  readonly text: string
  readonly statements: readonly Node[]
  readonly comments: readonly { readonly type: string; readonly value: string; readonly end: number }[]
}

const parsed = new Map<string, SourceFile>()

export function parse(file: string): SourceFile {
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
export function docBefore({ text, comments }: SourceFile, start: number): string | undefined {
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

export interface Declared {
  readonly file: string
  readonly node: Node
  /** With the overloads of a function, in order. */
  readonly nodes: readonly Node[]
  readonly doc: string | undefined
}

/** The file of ours that an import is from. */
function targetOf(file: string, from: string): string | undefined {
  if (from.startsWith('.')) return resolve(dirname(file), from.replace(/\.js$/, '.ts'))
  const [, folder, door = 'index'] = /^@sessions\/([\w-]+)(?:\/([\w-]+))?$/.exec(from) ?? []
  return folder === undefined ? undefined : resolve(root, 'packages', folder, 'src', `${door}.ts`)
}

/** Where a name of a file is declared: there, or in a file of ours that it comes from. */
export function declarationOf(file: string, name: string): Declared | undefined {
  const source = parse(file)
  const found: Declared[] = []
  for (const statement of source.statements) {
    const isExport = statement.type === 'ExportNamedDeclaration'
    const node = isExport && statement.declaration ? statement.declaration : statement
    const names = node.declarations === undefined ? [node.id] : node.declarations.map(({ id }) => id)
    if (names.some((id) => id?.name === name)) {
      const doc = docBefore(source, node.decorators?.[0]?.start ?? statement.start)
      found.push({ file, node, nodes: [], doc })
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
  const best = found.find(({ doc }) => doc !== undefined) ?? found[0]
  return best === undefined ? undefined : { ...best, nodes: found.map(({ node }) => node) }
}
