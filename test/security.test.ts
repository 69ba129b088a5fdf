import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const page = readFileSync(join(root, 'SECURITY.md'), 'utf8')

/** What OWASP ASVS 5.0 requires of sessions (V7), self-contained tokens (V9) and the protection of data (V14). */
const requirements = {
  '7.1': 3,
  '7.2': 4,
  '7.3': 2,
  '7.4': 5,
  '7.5': 3,
  '7.6': 2,
  '9.1': 3,
  '9.2': 4,
  '14.1': 2,
  '14.2': 8,
  '14.3': 3,
}
const all = Object.entries(requirements).flatMap(([section, count]) =>
  Array.from({ length: count }, (_, index) => `${section}.${index + 1}`),
)

/** The cells of a table, row by row. */
function rowsOf(name: string): string[][] {
  const text = new RegExp(`<!-- ${name} -->([\\s\\S]*?)<!-- /${name} -->`).exec(page)![1]!
  const [, , ...rows] = text.trim().split('\n')
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const filesIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+\.tsx?)`/g)].map(([, file]) => file!)

describe('SECURITY.md', () => {
  it('has a test for each threat, which exists', () => {
    const threats = rowsOf('threats')
    expect(threats.length).toBeGreaterThan(10)
    for (const [, tries, defence, tests] of threats) {
      expect(defence, tries).not.toBe('')
      expect(filesIn(tests!), tries).not.toEqual([])
    }
  })

  it('says of each requirement of ASVS 5.0 which test shows it, or why it is the host’s', () => {
    const rows = rowsOf('asvs')
    expect(rows.map(([requirement]) => requirement!.split(' ')[0])).toEqual(all)
    for (const [requirement, shown, why] of rows) {
      expect(why!.length, requirement).toBeGreaterThan(10)
      if (shown !== "host's") expect(filesIn(shown!), requirement).toHaveLength(1)
    }
  })

  it('names no test that is not there', () => {
    const named = filesIn(page)
    expect(named.length).toBeGreaterThan(40)
    expect(named.filter((file) => !existsSync(join(root, file)))).toEqual([])
    expect(named.filter((file) => !file.endsWith('.test.ts'))).toEqual([])
  })
})
