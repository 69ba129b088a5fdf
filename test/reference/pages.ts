import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../source-files.js'
import { readDoc } from './doc-comment.js'
import { type Entry, type Kind, publicEntries } from './entries.js'
import { createLinks, type Links, type Places } from './links.js'
import { sectionOf } from './section.js'

const kinds: readonly Kind[] = ['Functions', 'Classes', 'Constants', 'Options', 'Types']

/** A page: its name, and its markdown. */
export type Page = readonly [name: string, markdown: string]

const pageOf = (door: string): string => `${door.replace('@sessions/', '').replaceAll('/', '-')}.md`

/** What a door is for: the comment at the top of its file. */
function introductionOf(door: string): string {
  const [, folder, name = 'index'] = door.split('/')
  const file = join(root, 'packages', folder!, 'src', `${name}.ts`)
  const comment = /^\/\*\*([\s\S]*?)@packageDocumentation\s*\*\//.exec(readFileSync(file, 'utf8'))?.[1]
  if (comment === undefined) throw new Error(`${file} does not say at its top what the door is for`)
  return comment.replaceAll(/^\s*\* ?/gm, '').trim()
}

function byKind(entries: readonly Entry[], door: string): (readonly [Kind, Entry[]])[] {
  const of = entries.filter(({ declaration }) => declaration.door === door)
  return kinds
    .map((kind) => {
      const sorted = of
        .filter((entry) => entry.kind === kind)
        .toSorted((a, b) => a.name.localeCompare(b.name, 'en'))
      return [kind, sorted] as const
    })
    .filter(([, sorted]) => sorted.length > 0)
}

/** The place that tells of a declaration; other doors that export it point there. */
const toldBy = (entry: Entry, entries: readonly Entry[]): Entry =>
  entries.find(
    ({ declaration: { declared }, name }) =>
      name === entry.name && declared.node === entry.declaration.declared.node,
  )!

function placesOf(entries: readonly Entry[], doors: readonly string[]): Places {
  const anchors = new Map<Entry, Map<string, string>>()
  for (const door of doors) {
    const counts = new Map<string, number>()
    const anchorOf = (title: string): string => {
      const slug = title
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .trim()
        .replaceAll(' ', '-')
      const count = counts.get(slug) ?? 0
      counts.set(slug, count + 1)
      return count === 0 ? slug : `${slug}-${count}`
    }
    anchorOf(door)
    for (const [kind, sorted] of byKind(entries, door)) {
      anchorOf(kind)
      for (const entry of sorted) {
        const own = new Map([['', anchorOf(entry.name)]])
        if (toldBy(entry, entries) === entry) {
          for (const { name, title } of entry.methods) own.set(name, anchorOf(title))
        }
        anchors.set(entry, own)
      }
    }
  }
  return {
    of: (entry, method = '') => ({
      page: pageOf(entry.declaration.door),
      anchor: anchors.get(entry)!.get(method)!,
    }),
  }
}

function doorPage(door: string, entries: readonly Entry[], links: Links): Page {
  const groups = byKind(entries, door)
  const contents = groups.map(
    ([kind, sorted]) =>
      `**${kind}**: ${sorted.map((entry) => `[\`${entry.name}\`](${links.to(entry, entry)})`).join(' · ')}`,
  )
  const sections = groups.flatMap(([kind, sorted]) => [
    `## ${kind}`,
    ...sorted.flatMap((entry) => {
      const told = toldBy(entry, entries)
      const from = `[\`${told.declaration.door}\`](${links.to(told, entry)})`
      const body = told === entry ? sectionOf(entry, links) : [`The one of ${from}.`]
      return [`### ${entry.name}`, ...body]
    }),
  ])
  const blocks = [`# ${door}`, introductionOf(door), ...contents, ...sections]
  return [pageOf(door), `${blocks.filter((block) => block !== '').join('\n\n')}\n`]
}

const introduction = `# Reference

Every name that a package exports, with its signature, its fields, and what its doc comment says: a page for each import.
A name that ends in \`Ms\` is a duration in milliseconds, one in \`At\` a time in milliseconds since 1970. A \`?\` marks what
may be left out; its default stands in the text.

The pages are made from the types and their doc comments: \`npm run docs:reference\` makes them again. What things are
for, the [other pages](../../README.md#more) say.`

function firstSentence(entry: Entry): string {
  const { text } = readDoc(entry.declaration.doc)
  const plain = text.split('\n\n')[0]!.replaceAll(/\s+/g, ' ')
  return (/^.*?[.!?](?= [A-Z`]|$)/.exec(plain)?.[0] ?? plain)
    .replaceAll('|', '\\|')
    .replaceAll(/\{@link (\w+)\}/g, '`$1`')
}

function indexPage(entries: readonly Entry[], doors: readonly string[], links: Links): Page {
  const link = (entry: Entry): string => {
    const { declaration } = entry
    return `[\`${entry.name}\`](${pageOf(declaration.door)}${links.to(entry, entry)})`
  }
  const once = entries.filter((entry) => toldBy(entry, entries) === entry)
  const sorted = once.toSorted((a, b) => a.name.localeCompare(b.name, 'en'))
  const options = sorted.filter(({ kind }) => kind === 'Options')
  const letters = [...new Set(sorted.map(({ name }) => name[0]!.toUpperCase()))]
  return [
    'README.md',
    `${[
      introduction,
      [
        '| import | what it is for |',
        '|---|---|',
        ...doors.map(
          (door) =>
            `| [\`${door}\`](${pageOf(door)}) | ${introductionOf(door).split('\n\n')[0]!.replaceAll('\n', ' ')} |`,
        ),
      ].join('\n'),
      '## Options',
      [
        '| options | of | what for |',
        '|---|---|---|',
        ...options.map(
          (entry) => `| ${link(entry)} | \`${entry.declaration.door}\` | ${firstSentence(entry)} |`,
        ),
      ].join('\n'),
      '## Every name',
      ...letters.map((letter) =>
        sorted
          .filter(({ name }) => name[0]!.toUpperCase() === letter)
          .map(link)
          .join(' · '),
      ),
    ].join('\n\n')}\n`,
  ]
}

/** The pages of `docs/reference`, made from the types. */
export function referencePages(): Page[] {
  const entries = publicEntries()
  const doors = [...new Set(entries.map(({ declaration }) => declaration.door))]
  const links = createLinks(entries, placesOf(entries, doors))
  return [indexPage(entries, doors, links), ...doors.map((door) => doorPage(door, entries, links))]
}
