import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { type PublicDeclaration, type PublicField, publicDeclarations } from './public-declarations.js'

const page = join(resolve(import.meta.dirname, '..'), 'docs', 'options.md')

const introduction = `# Every option

This page is made from the doc comments of the types: \`npm test -- test/options-page.test.ts -u\` makes it again. The
pages about turns, contexts, transfers and the adapters explain what the options are for. A name that ends in \`Ms\` is a
duration in milliseconds.
`

const isOptions = ({ name, door, fields }: PublicDeclaration): boolean =>
  /(?:Options|Settings|Budget)$/.test(name) && !door.endsWith('/testing') && fields.length > 0

function row({ name, type, isOptional, doc = '' }: PublicField): string {
  const shown = type.includes('=>') || type === 'function' ? 'function' : type.replaceAll(/\s+/g, ' ')
  const cells = [
    `\`${name}\``,
    isOptional ? '' : 'yes',
    `\`${shown.replace(/ \| undefined$/, '')}\``,
    sentence(doc),
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

/** The comment as one line, without what is only for editors. */
const sentence = (doc: string): string =>
  doc
    .split(/\n@|\n\n@/)[0]!
    .replaceAll(/\s+/g, ' ')
    .trim()

function section(options: PublicDeclaration): string {
  return [
    `### ${options.name}`,
    '',
    sentence(options.doc ?? ''),
    '',
    '| option | needed | type | what it says |',
    '|---|---|---|---|',
    ...options.fields.map(row),
  ].join('\n')
}

it('docs/options.md tells of every option there is', async () => {
  const all = publicDeclarations().filter(isOptions)
  // Some are exported by two doors: the first one tells of them.
  const once = all.filter(({ name, file }, index) => {
    return all.findIndex((other) => other.name === name && other.file === file) === index
  })
  const doors = [...new Set(once.map(({ door }) => door))].map((door) => {
    const of = once.filter((options) => options.door === door)
    return [`## ${door}`, ...of.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(section)].join('\n\n')
  })
  await expect(`${[introduction, ...doors].join('\n')}\n`).toMatchFileSnapshot(page)
})
