import { declarationOf, parse } from '../source-files.js'
import type { Entry } from './entries.js'

/** Where the headings of the reference are. */
export interface Places {
  /** The place of an entry, or of one of its methods: a page and an anchor. */
  readonly of: (entry: Entry, method?: string) => { readonly page: string; readonly anchor: string }
}

/** Turns names in types and in texts into links, as they stand on the page of a door. */
export interface Links {
  /** A type as inline code. @param source The file that the type is written in. */
  readonly type: (text: string, source: string, from: Entry) => string
  readonly text: (markdown: string, from: Entry) => string
  /** The public name that a declaration of a file has, nearest to a door. */
  readonly find: (source: string, name: string, from: Entry) => Entry | undefined
  readonly to: (entry: Entry, from: Entry, method?: string) => string
}

const code = (text: string): string => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``)

export function createLinks(entries: readonly Entry[], places: Places): Links {
  const byDeclaration = groups(entries, ({ declaration: { declared }, name }) => keyOf(declared, name))
  const byName = groups(entries, ({ name }) => name)
  const methods = groups(
    entries.flatMap((entry) => entry.methods.map(({ title, name }) => ({ entry, title, name }))),
    ({ title }) => title,
  )
  const aliases = aliasesOf(entries)
  const located = new Map<string, string | undefined>()

  const find = (source: string, name: string, from: Entry): Entry | undefined => {
    const key = `${source}#${name}`
    if (!located.has(key)) {
      const declared = declarationOf(source, name)
      located.set(key, declared && keyOf(declared, name))
    }
    return nearest(byDeclaration.get(located.get(key) ?? '') ?? [], from)
  }

  const to = (entry: Entry, from: Entry, method?: string): string => {
    const { page, anchor } = places.of(entry, method)
    return `${page === places.of(from).page ? '' : page}#${anchor}`
  }

  const type = (given: string, source: string, from: Entry): string => {
    // What is generic over a handle inside has a name outside.
    const text = spelledOut(given, source, (name) => find(source, name, from) !== undefined)
      .replaceAll(/\b(\w+)<Handle(>|, )/g, (all, name: string, end: string) => {
        const alias = aliases.get(name)
        return alias === undefined ? all : alias + (end === '>' ? '' : '<')
      })
      .replaceAll(/\bHandle\b/g, 'Session')
      .replaceAll(/\b[a-z]\w*\.([A-Z]\w+)/g, (all, name: string) => (byName.has(name) ? name : all))
    const pieces = text.split(/(?<![\w'.$`])([A-Z]\w+)(?!['\w])/)
    const linked = pieces.map((piece, index) => {
      const found =
        index % 2 === 1
          ? (find(source, piece, from) ?? (/Handle|\b[a-z]\w*\.[A-Z]/.test(given) ? only(piece) : undefined))
          : undefined
      return found === undefined ? piece : { found, name: piece }
    })
    function only(name: string): Entry | undefined {
      return nearest(byName.get(name) ?? [], from)
    }
    let plain = ''
    const out: string[] = []
    const flush = (): void => {
      if (plain.trim() !== '') out.push(code(plain.trim()))
      plain = ''
    }
    for (const piece of linked) {
      if (typeof piece === 'string') plain += piece
      else {
        flush()
        out.push(`[\`${piece.name}\`](${to(piece.found, from)})`)
      }
    }
    flush()
    return out.join(' ')
  }

  const mentioned = (spoken: string, from: Entry): string | undefined => {
    const method = /^\w+\.\w+/.exec(spoken)?.[0]
    const [held] = method === undefined ? [] : (methods.get(`${method}()`) ?? [])
    if (held !== undefined) return to(held.entry, from, held.name)
    const name = /^(\w+)(?:\(\))?$/.exec(spoken)?.[1] ?? ''
    // A field of its own is what a text means.
    const isField = from.fields.some((field) => field.name === name)
    const entry = isField ? undefined : nearest(byName.get(name) ?? [], from)
    return entry === undefined || entry.name === from.name ? undefined : to(entry, from)
  }

  const text = (markdown: string, from: Entry): string =>
    markdown
      .replaceAll(/\{@link (\w+)\}/g, '`$1`')
      .replaceAll(/`docs\/([\w-]+\.md)`/g, '[`docs/$1`](../$1)')
      .split(/(^```[\s\S]*?^```$)/m)
      .map((part, index) =>
        index % 2 === 1
          ? part
          : part.replaceAll(/(?<![[`])`([^`\n]+)`(?![`\]])/g, (all, spoken: string) => {
              const target = mentioned(spoken, from)
              return target === undefined ? all : `[${all}](${target})`
            }),
      )
      .join('')

  return { type, text, find, to }
}

const longestName = 60

/** A type with what short names stand for that are used inside alone: `Subscriber` is one of two public types. */
function spelledOut(type: string, source: string, isPublic: (name: string) => boolean): string {
  return type.replaceAll(/(?<![\w'.$`])([A-Z]\w+)(?![\w'<])/g, (name) => {
    if (isPublic(name)) return name
    const declared = declarationOf(source, name)
    const stands = declared?.node.typeAnnotation
    if (declared?.node.type !== 'TSTypeAliasDeclaration' || declared.node.typeParameters || !stands)
      return name
    const text = parse(declared.file).text.slice(stands.start, stands.end)
    return text.length <= longestName && !text.includes('\n') ? text : name
  })
}

const keyOf = (
  { file, node }: { file: string; node: { id?: { name?: string } | null } },
  name: string,
): string => `${file}#${node.id?.name ?? name}`

/** The public names of what is generic over a handle: `type Respond = RespondOf<Session>`. */
function aliasesOf(entries: readonly Entry[]): Map<string, string> {
  return new Map(
    entries.flatMap(({ name, declaration: { declared } }) => {
      const generic = declared.node.typeAnnotation?.typeName?.name
      return generic === `${name}Of` ? [[generic, name] as const] : []
    }),
  )
}

/** That of the same door, or else of the same package, or else of the first door of all. */
function nearest(found: readonly Entry[], from: Entry): Entry | undefined {
  const { door } = from.declaration
  const packageOf = (name: string): string => name.split('/').slice(0, 2).join('/')
  const shortest = found.toSorted((a, b) => a.declaration.door.length - b.declaration.door.length)
  return (
    found.find((each) => each.declaration.door === door) ??
    shortest.find((each) => packageOf(each.declaration.door) === packageOf(door)) ??
    shortest.find((each) => packageOf(each.declaration.door) === '@sessions/core') ??
    shortest[0]
  )
}

function groups<Item>(items: readonly Item[], keyed: (item: Item) => string): Map<string, Item[]> {
  const found = new Map<string, Item[]>()
  for (const item of items) {
    const key = keyed(item)
    found.set(key, [...(found.get(key) ?? []), item])
  }
  return found
}
