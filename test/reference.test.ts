import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { referencePages } from './reference/pages.js'
import { root } from './source-files.js'

const folder = join(root, 'docs', 'reference')
const pages = new Map(referencePages())

/** What a page says below a heading, up to the next one of its level. */
function sectionOf(page: string, heading: string): string {
  const [, after = ''] = page.split(`\n### ${heading}\n`)
  return after.split(/\n##?#? /)[0]!
}

describe('docs/reference', () => {
  it.each([...pages])('%s is what the types and their comments say', async (name, markdown) => {
    await expect(markdown).toMatchFileSnapshot(join(folder, name))
  })

  it('has no page of a door that is gone', () => {
    expect(readdirSync(folder).toSorted()).toEqual([...pages.keys()].toSorted())
  })

  // As test/doors.test.ts reads them, which is another way than that of the pages.
  it.each(readdirSync(join(root, 'test', 'public-names')))('tells of every name in %s', (list) => {
    const names = readFileSync(join(root, 'test', 'public-names', list), 'utf8')
      .trim()
      .split('\n')
    const page = pages.get(list.replace('.txt', '.md'))!
    expect(names.filter((name) => sectionOf(page, name).trim() === '')).toEqual([])
  })

  it('tells of every option in the sources', () => {
    const missing: string[] = []
    let count = 0
    for (const { name, own } of optionsInSources()) {
      const telling = [...pages.values()].map((page) => sectionOf(page, name)).filter(Boolean)
      if (telling.length === 0) continue
      count += own.length
      missing.push(
        ...own.filter(
          (field) => !telling.some((said) => new RegExp(`^\\| \`${field}\\??\` \\|`, 'm').test(said)),
        ),
      )
    }
    expect(missing).toEqual([])
    expect(count).toBeGreaterThan(300)
  })

  it('has links that lead somewhere', () => {
    const anchors = new Map([...pages].map(([name, markdown]) => [name, anchorsOf(markdown)]))
    const dead = [...pages].flatMap(([name, markdown]) =>
      [...markdown.matchAll(/\]\(([\w-]+\.md)?#([\w-]+)\)/g)]
        .filter(([, page = name, anchor]) => anchors.get(page)?.has(anchor!) !== true)
        .map(([link]) => `${name}: ${link}`),
    )
    expect(dead).toEqual([])
  })

  it('says something about each method', () => {
    const silent = [...pages.values()].flatMap((page) =>
      [...page.matchAll(/^#### (.*)\n\n```/gm)].map(([, title]) => title),
    )
    expect(silent.filter((title) => !/^new |canActivate/.test(title!))).toEqual([])
  })

  it('says something about each field of what every application imports', () => {
    const rows = [...pages.get('core.md')!.matchAll(/^\| `([^`]+)` \| .* \|  \|$/gm)].map(
      ([, field]) => field!,
    )
    // The events are told of by docs/events.md.
    expect(rows.filter((field) => !/^\w+\.\w+|^\[/.test(field))).toEqual([])
  })
})

/** The options in place, by the look of their lines: not by the syntax tree, which the pages are made from. */
function optionsInSources(): { name: string; own: string[] }[] {
  return readdirSync(join(root, 'packages'))
    .filter((name) => name !== 'testkit')
    .flatMap((name) => {
      const src = join(root, 'packages', name, 'src')
      return readdirSync(src, { recursive: true, encoding: 'utf8' }).map((file) => join(src, file))
    })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(file, 'utf8')
      return [
        ...text.matchAll(
          /^export interface (\w+(?:Options|Settings|Budget)) (?:extends [^{]*)?\{\n([\s\S]*?)^\}/gm,
        ),
      ].map(([, name, body]) => ({
        name: name!,
        own: [...body!.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(([, field]) => field!),
      }))
    })
}

/** The anchors that GitHub gives to the headings of a page. */
function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, title] of markdown.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm)) {
    const plain = title!
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-')
    let anchor = plain
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${plain}-${count}`
    anchors.add(anchor)
  }
  return anchors
}
