import {
  membersOf,
  type PublicDeclaration,
  publicDeclarations,
  type PublicField,
} from '../public-declarations.js'
import { docBefore, type Node, parse } from '../source-files.js'
import { readDoc } from './doc-comment.js'
import { type Signature, signatureOf } from './signature.js'

/** A method, with its overloads. */
export interface Method {
  readonly name: string
  /** How its heading calls it: `session.append()`. */
  readonly title: string
  readonly signatures: readonly Signature[]
  readonly doc: string | undefined
  readonly source: string
}

export type Kind = 'Functions' | 'Constants' | 'Classes' | 'Options' | 'Types'

/** A public name, as its page tells of it. */
export interface Entry {
  readonly name: string
  readonly kind: Kind
  readonly declaration: PublicDeclaration
  readonly methods: readonly Method[]
  readonly fields: readonly PublicField[]
}

/** What callers hand in: once to a service (settings), once to a call (options). */
export const isOptions = ({ name }: { readonly name: string }): boolean =>
  /(?:Options|Settings|Budget)$/.test(name)

function kindOf({ name, declared: { node } }: PublicDeclaration): Kind {
  if (/Function/.test(node.type)) return 'Functions'
  if (node.type === 'ClassDeclaration') return 'Classes'
  if (node.declarations !== undefined) return 'Constants'
  return isOptions({ name }) ? 'Options' : 'Types'
}

const lowered = (name: string): string => name[0]!.toLowerCase() + name.slice(1)

function keyText(source: string, { key, computed }: Node): string {
  const text = parse(source).text.slice(key!.start, key!.end)
  return computed === true ? `[${text}]` : text.replaceAll("'", '')
}

/** The methods of a class or an interface, those of one name together. */
function methodsOf(owner: string, source: string, members: readonly Node[]): Method[] {
  const names = new Set(members.map((member) => keyText(source, member)))
  return [...names].map((name) => {
    const nodes = members.filter((member) => keyText(source, member) === name)
    const isConstructor = nodes[0]!.kind === 'constructor'
    const of = nodes[0]!.static === true ? owner : lowered(owner)
    const documented = nodes
      .map((node) => docBefore(parse(source), node.decorators?.[0]?.start ?? node.start))
      .find((doc) => doc !== undefined)
    const functions = nodes.map((node) =>
      node.type === 'MethodDefinition' ? (node.value as unknown as Node) : node,
    )
    // Of a method with overloads, the implementation is nobody's business.
    const shown = functions.filter(({ type }) => functions.length === 1 || type !== 'FunctionExpression')
    return {
      name,
      title: isConstructor ? `new ${owner}()` : name.startsWith('[') ? `${of}${name}()` : `${of}.${name}()`,
      signatures: shown.map((each) => signatureOf(parse(source), each, documented)),
      doc: documented,
      source,
    }
  })
}

const spoken = ['[Symbol.asyncIterator]', '[Symbol.asyncDispose]', '[Symbol.dispose]']

const isHidden = (source: string, member: Node): boolean =>
  member.key === undefined ||
  (member.computed === true && !spoken.includes(keyText(source, member))) ||
  member.key.type === 'PrivateIdentifier' ||
  ['private', 'protected'].includes(member.accessibility ?? '') ||
  /@internal\b/.test(docBefore(parse(source), member.decorators?.[0]?.start ?? member.start) ?? '')

function classEntry(declaration: PublicDeclaration): Omit<Entry, 'kind'> {
  const { name, declared } = declaration
  const members = ((declared.node.body as Node).body as readonly Node[]).filter(
    (member) => !isHidden(declared.file, member),
  )
  const isMethod = ({ type, kind }: Node): boolean =>
    type === 'MethodDefinition' && (kind === 'method' || kind === 'constructor')
  const properties = members.filter((member) => !isMethod(member) && member.kind !== 'set')
  return {
    name,
    declaration,
    methods: methodsOf(name, declared.file, members.filter(isMethod)),
    fields: membersOf(declared.file, properties),
  }
}

/** Methods that have something to say get a heading each; others are rows beside the fields. */
function interfaceEntry(declaration: PublicDeclaration): Omit<Entry, 'kind'> {
  const { name, fields } = declaration
  const methods = fields.filter(({ node }) => node.type === 'TSMethodSignature' && node.kind === 'method')
  const isSpoken = ({ doc }: PublicField): boolean => {
    const { text, params, throws, examples } = readDoc(doc)
    return text.length > 200 || params.size + throws.length + examples.length > 0
  }
  if (isOptions({ name }) || !methods.some(isSpoken)) return { name, declaration, methods: [], fields }
  const sources = [...new Set(methods.map(({ source }) => source))]
  return {
    name,
    declaration,
    methods: sources.flatMap((source) => {
      const nodes = methods.filter((method) => method.source === source).map(({ node }) => node)
      return methodsOf(name, source, nodes)
    }),
    fields: fields.filter((field) => !methods.includes(field)),
  }
}

/** Every public name, door by door, in the order of its door's file. */
export function publicEntries(): Entry[] {
  return publicDeclarations().map((declaration) => {
    const kind = kindOf(declaration)
    if (kind === 'Classes') return { ...classEntry(declaration), kind }
    if (kind === 'Types' || kind === 'Options') return { ...interfaceEntry(declaration), kind }
    return { name: declaration.name, kind, declaration, methods: [], fields: [] }
  })
}
