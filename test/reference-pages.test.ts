import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { publicDeclarations } from './public-declarations.js'

const root = resolve(import.meta.dirname, '..')
const declarations = publicDeclarations()

const pageOf = (name: string): string => readFileSync(join(root, 'docs', name), 'utf8')

const fieldsOf = (name: string): readonly { name: string; type: string }[] =>
  declarations.find((declaration) => declaration.name === name)!.fields

/** The first cells of the rows of a table that is marked in a page. */
function rowsOf(page: string, mark: string): string[] {
  const table = new RegExp(`<!-- ${mark} -->([\\s\\S]*?)<!-- /${mark} -->`).exec(page)?.[1] ?? ''
  return [...table.matchAll(/^\| `([a-z_.]+)`/gm)].map(([, name]) => name!)
}

describe('docs/events.md', () => {
  const page = pageOf('events.md')

  it('tells of every event', () => {
    expect(rowsOf(page, 'events').toSorted()).toEqual(
      fieldsOf('SessionEventDetails')
        .map(({ name }) => name)
        .toSorted(),
    )
  })

  it('tells of every field of an event', () => {
    for (const { name, type } of fieldsOf('SessionEventDetails')) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\``))
      const fields = [...type.matchAll(/readonly (\w+)\??:/g)].map(([, field]) => field!)
      for (const field of fields) expect(row, name).toContain(`\`${field}\``)
      if (type.includes('TransferEvent')) expect(row, name).toMatch(/those of a transfer|`transferId`/)
    }
  })

  it('tells of every warning', () => {
    const codes = fieldsOf('SessionWarning').find(({ name }) => name === 'code')!.type
    const expected = [...codes.matchAll(/'(\w+)'/g)].map(([, code]) => code!)
    expect(expected.length).toBeGreaterThan(5)
    expect(rowsOf(page, 'warnings').toSorted()).toEqual(expected.toSorted())
  })
})

describe('docs/turns.md', () => {
  const page = pageOf('turns.md')

  it.each([
    'TurnOptions',
    'TurnSettings',
    'TurnBudget',
    'LimitSettings',
    'TurnContext',
    'Tool',
    'ToolContext',
    'TurnStarted',
    'TurnEnded',
    'TurnResult',
  ])('tells of every field of %s', (name) => {
    const fields = fieldsOf(name).map((field) => field.name)
    expect(fields.length).toBeGreaterThan(2)
    expect(fields.filter((field) => !new RegExp(`\`${field}\\b`).test(page))).toEqual([])
  })
})
