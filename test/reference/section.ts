import { membersOf, type PublicField } from '../public-declarations.js'
import { declarationOf, docBefore, type Node, parse } from '../source-files.js'
import { asSentence, inCell, readDoc } from './doc-comment.js'
import type { Entry, Method } from './entries.js'
import type { Links } from './links.js'
import { asType, onOneLine, signatureOf, type Signature, spell, typeText } from './signature.js'

const fence = (code: string): string => `\`\`\`ts\n${code}\n\`\`\``

/** What a page says about one name, below its heading. */
export function sectionOf(entry: Entry, links: Links): string[] {
  const { declared, doc } = entry.declaration
  const read = readDoc(doc)
  const said = links.text(read.text, entry)
  const { file } = declared
  const functions = declared.nodes.filter((node) => /Function/.test(node.type))
  if (functions.length > 0) {
    const overloads = functions.filter(({ type }) => functions.length === 1 || type === 'TSDeclareFunction')
    const signatures = overloads.map((node) => signatureOf(parse(file), node, doc))
    return [
      said,
      fence(signatures.map((each) => `function ${spell(entry.name, each)}`).join('\n')),
      ...callOf(signatures, doc, file, entry, links),
      ...read.examples,
    ]
  }
  const { methods } = entry
  return [
    said,
    ...headOf(entry, links),
    ...fieldsTable(entry, links),
    ...read.examples,
    ...methods.flatMap((method) => methodSection(method, entry, links)),
  ]
}

function methodSection(
  { title, name, signatures, doc, source }: Method,
  entry: Entry,
  links: Links,
): string[] {
  const { text, examples } = readDoc(doc)
  return [
    `#### ${title}`,
    links.text(text, entry),
    fence(
      signatures.map((each) => spell(name === 'constructor' ? `new ${entry.name}` : name, each)).join('\n'),
    ),
    ...callOf(signatures, doc, source, entry, links),
    ...examples,
  ]
}

/** What goes in and what comes out, where there is more to say than the signature does. */
function callOf(
  signatures: readonly Signature[],
  doc: string | undefined,
  source: string,
  entry: Entry,
  links: Links,
): string[] {
  const { params, returns, throws } = readDoc(doc)
  const parameters = signatures.flatMap((each) => each.parameters)
  const linkedOf = (types: readonly string[]): string =>
    [...new Set(types)].map((type) => links.type(type, source, entry)).join(' or ')
  const rows = parameters
    .filter(({ name }, index) => parameters.findIndex((other) => other.name === name) === index)
    .map(({ name }) => ({
      name,
      type: linkedOf(parameters.filter((each) => each.name === name).map(({ type }) => type)),
      said: params.get(name.replaceAll(/\W/g, '')) ?? '',
    }))
    .filter(({ type, said }) => said !== '' || type.includes(']('))
    .map(
      ({ name, type, said }) =>
        `- \`${name}\`: ${[type, asSentence(links.text(said, entry))].filter(Boolean).join('. ')}`,
    )
  const results = linkedOf(signatures.map((each) => each.returns))
  const result = [results.includes('](') ? results : '', asSentence(links.text(returns, entry))]
    .filter(Boolean)
    .join('. ')
  const lines = [
    ...rows,
    ...(result === '' ? [] : [`- returns ${result}`]),
    ...throws.map((each) => `- throws ${links.text(onOneLine(each), entry)}`),
  ]
  return lines.length === 0 ? [] : [lines.join('\n')]
}

/** The declaration itself, where the fields do not say all. */
function headOf(entry: Entry, links: Links): string[] {
  const { declared } = entry.declaration
  const { node, file } = declared
  const source = parse(file)
  const { text } = source
  if (node.type === 'TSTypeAliasDeclaration') {
    const generic = genericOf(entry)
    // What it stands for is told by its fields.
    if (generic !== undefined && hasTable(entry)) return []
    const type = [generic ?? text.slice(node.start, node.end)]
    for (const part of type)
      type.push(...unnamedIn(part, type, entry, generic === undefined ? file : genericFile(entry), links))
    const code = type.map((each) => withValues(dedent(each), file)).join('\n\n')
    return [fence(code), ...namesIn(code, entry, file, links)]
  }
  if (node.declarations !== undefined) {
    const [declarator] = node.declarations
    const type = typeText(source, declarator!.id!.typeAnnotation)
    const value = text.slice(declarator!.init!.start, declarator!.init!.end)
    if (type === '') return [fence(`const ${entry.name} = ${dedent(value)}`)]
    return [fence(`const ${entry.name}: ${type}`), ...namesIn(type, entry, file, links)]
  }
  const end = (node.body as Node).start
  const head = onOneLine(text.slice(node.id!.start, end)).replace(/ implements .*$/, '')
  if (head === entry.name) return []
  return [
    fence(`${node.type === 'ClassDeclaration' ? 'class' : 'interface'} ${head}`),
    ...namesIn(head, entry, file, links),
  ]
}

/** What `Tools` is, which is declared as `ToolsOf<Session>`: the text of `ToolsOf`, without its parameter. */
function genericOf({ name, declaration: { declared } }: Entry): string | undefined {
  const { node, file } = declared
  if (node.typeAnnotation?.typeName?.name !== `${name}Of`) return undefined
  const generic = declarationOf(file, `${name}Of`)!
  return parse(generic.file)
    .text.slice(generic.node.start, generic.node.end)
    .replace(/<Handle[^,>]*(,)? ?>?/, (_, more?: string) => (more === undefined ? '' : '<'))
    .replaceAll(/(\w+)Of<Handle, /g, '$1<')
    .replaceAll(/(\w+)Of(?:<Handle>)?(?!\w)/g, '$1')
    .replaceAll(/\bHandle\b/g, 'Session')
}

const genericFile = ({ name, declaration: { declared } }: Entry): string =>
  declarationOf(declared.file, `${name}Of`)?.file ?? declared.file

/** The declarations that a declaration needs and that no page has, for they have no public names. */
function unnamedIn(
  code: string,
  before: readonly string[],
  entry: Entry,
  file: string,
  links: Links,
): string[] {
  return wordsOf(code).flatMap((name) => {
    const declared = links.find(file, name, entry) === undefined ? declarationOf(file, name) : undefined
    if (declared === undefined || !/^TS(Interface|TypeAlias)/.test(declared.node.type)) return []
    const found = parse(declared.file).text.slice(declared.node.start, declared.node.end)
    return found.includes('<Handle') || before.includes(found) || found.includes(`Of<Session>`) ? [] : [found]
  })
}

/** The names of types in code. */
const wordsOf = (code: string): string[] => [
  ...new Set(code.replaceAll(/\/\*[\s\S]*?\*\/|'[^']*'/g, '').match(/\b[A-Z]\w+\b/g)),
]

/** The values of a list in place of the type that is made from it. */
const withValues = (code: string, file: string): string =>
  code.replaceAll(/\(typeof (\w+)\)\[number\]/g, (all, name: string) => {
    const list = new RegExp(`const ${name} = \\[([^\\]]*)\\] as const`).exec(parse(file).text)?.[1]
    return list === undefined ? all : list.match(/'[^']*'/g)!.join(' | ')
  })

/** Links to the names of a block of code, which cannot hold links. */
function namesIn(code: string, entry: Entry, file: string, links: Links): string[] {
  const found = wordsOf(code).flatMap((name) => {
    const target = links.find(file, name, entry) ?? links.find(genericFile(entry), name, entry)
    return target === undefined || target.name === entry.name
      ? []
      : [`[\`${name}\`](${links.to(target, entry)})`]
  })
  return found.length === 0 ? [] : [`With ${found.join(', ')}.`]
}

const dedent = (code: string): string => code.replace(/^export /, '').trimEnd()

/** Whether a table of fields tells the truth: one of several shapes has its fields in the code. */
function hasTable({ name, fields, declaration: { declared } }: Entry): boolean {
  const alias =
    declared.node.typeAnnotation?.typeName?.name === `${name}Of`
      ? declarationOf(declared.file, `${name}Of`)!.node
      : declared.node
  const type = alias.type === 'TSTypeAliasDeclaration' ? alias.typeAnnotation : undefined
  const shapes = type?.type === 'TSIntersectionType' ? type.types! : [type]
  const isOne = !shapes.some((shape) =>
    ['TSUnionType', 'TSParenthesizedType', 'TSIndexedAccessType'].includes(shape?.type ?? ''),
  )
  return isOne && (fields.length > 0 || indexRows(declared).length > 0)
}

function fieldsTable(entry: Entry, links: Links): string[] {
  if (!hasTable(entry)) return []
  const rows = [
    ...entry.fields.flatMap((field) => fieldRows(field, '', entry, links)),
    ...indexRows(entry.declaration.declared),
  ]
  const examples = entry.fields.flatMap(({ doc }) => readDoc(doc).examples)
  return [
    [
      '| field | type | what it says |',
      '|---|---|---|',
      ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
    ].join('\n'),
    ...examples,
  ]
}

const cell = (text: string): string => text.replaceAll('|', '\\|')

function indexRows({ file, node }: Entry['declaration']['declared']): string[][] {
  if (node.type !== 'TSInterfaceDeclaration') return []
  const members = (node.body as Node).body as readonly Node[]
  return members
    .filter(({ key }) => key === undefined)
    .map((member) => {
      const source = parse(file)
      const said = inCell(readDoc(docBefore(source, member.start)).text)
      if (member.type !== 'TSIndexSignature')
        return ['(call)', `\`${asType(signatureOf(source, member))}\``, said]
      const [parameter] = member.parameters!
      return [
        `\`[${parameter!.name}: ${typeText(source, parameter!.typeAnnotation)}]\``,
        `\`${typeText(source, member.typeAnnotation)}\``,
        said,
      ]
    })
}

/** A row for a field, and for each field of the object that it holds. */
function fieldRows(field: PublicField, before: string, entry: Entry, links: Links): string[][] {
  const { name, isOptional, doc, source, node } = field
  const { text, params, throws } = readDoc(doc)
  const said = [
    inCell(text),
    ...[...params].map(([param, what]) => `\`${param}\`: ${asSentence(what)}`),
    ...throws.map(
      (each) => `Throws ${asSentence(each).replace(/^[A-Z](?=[a-z])/, (first) => first.toLowerCase())}`,
    ),
  ].filter(Boolean)
  const isMethod = node.type === 'TSMethodSignature'
  const held = objectOf(node.typeAnnotation)
  const file = parse(source)
  const type = isMethod ? asType(signatureOf(file, node, doc)) : typeText(file, typeOf(node))
  const nested = held === undefined ? [] : membersOf(source, held.members ?? [])
  const shown = nested.some((inner) => inner.doc !== undefined) ? nested : []
  return [
    [
      `\`${before}${name}${isOptional ? '?' : ''}\``,
      shown.length > 0
        ? '`object`'
        : links.type(isOptional ? type.replace(/ \| undefined$/, '') : type, source, entry),
      links.text(said.join(' '), entry),
    ],
    ...shown.flatMap((inner) => fieldRows(inner, `${before}${name}.`, entry, links)),
  ]
}

/** The object that a field is declared as in place. */
function objectOf(annotation: Node | null | undefined): Node | undefined {
  const type = annotation?.typeAnnotation
  return type?.type === 'TSTypeLiteral' ? type : undefined
}

/** Of a field; of what reads like one, because it is a getter. */
const typeOf = (node: Node): Node | null | undefined =>
  node.type === 'MethodDefinition'
    ? (node.value as unknown as Node).returnType
    : (node.typeAnnotation ?? (node.value as unknown as Node | undefined))
