import { expect, it } from 'vitest'
import type { UsageGroup } from '../../src/usage.js'
import { usageCsv } from '../../src/usage.js'

const none = {
  turns: 1,
  unpriced: 0,
  inputTokens: 2,
  outputTokens: 3,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  costs: { USD: '0.5' },
}

/** What a reader of RFC 4180 makes of a text. */
function parse(text: string): string[][] {
  const rows: string[][] = [[]]
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    if (end === '') break
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain!)
    if (end === '\r\n') rows.push([])
  }
  return rows.slice(0, -1)
}

const csvOf = (groups: readonly UsageGroup[], shape: Parameters<typeof usageCsv>[1]): string =>
  [...usageCsv({ groups, total: none }, shape)].join('')

it('is read as it was meant, and no name is a formula', () => {
  // Excel takes a formula of full-width signs, too.
  const formulas = [
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    '\n=1',
    '＝1+1',
    '＋1',
    '－1',
    '＠SUM(A1)',
  ]
  const names = [...formulas, 'a,b', 'a "b"', 'a\nb', ' =1', "'x", '']
  const text = csvOf(
    names.map((model) => ({ model, ...none })),
    { by: ['model'] },
  )
  const [header, ...rows] = parse(text)
  expect(header).toEqual([
    'model',
    'turns',
    'unpriced',
    'inputTokens',
    'cachedInputTokens',
    'cacheWriteTokens',
    'outputTokens',
    'reasoningTokens',
    'costUSD',
  ])
  const safe = names.map((name, index) => (index < formulas.length ? `'${name}` : name))
  expect(rows).toEqual(safe.map((name) => [name, '1', '0', '2', '0', '0', '3', '0', '0.5']))
  for (const line of text.split('\r\n')) expect(line).not.toMatch(/(^|,)"?[=+\-@\t]/)
})

it('leaves empty what is not known, and tells times in UTC', () => {
  const unpriced = { ...none, unpriced: 1, costs: {} }
  const text = csvOf([{ at: 0, user: 'user:x', ...unpriced }], { by: ['user'], bucket: 'day' })
  expect(text.split('\r\n')[1]).toBe('1970-01-01T00:00:00.000Z,user:x,1,1,2,0,0,3,0,')
})

it('needs no shape, and refuses what is no report at once', () => {
  expect(parse([...usageCsv({ groups: [{ at: 0, ...none }], total: none })].join(''))[1]).toEqual([
    '1',
    '0',
    '2',
    '0',
    '0',
    '3',
    '0',
    '0.5',
  ])
  const loose = usageCsv as (...given: unknown[]) => unknown
  const report = { groups: [], total: none }
  for (const [path, ...given] of [
    ['report'],
    ['report', null],
    ['report', 'text', {}],
    ['report', { groups: [] }],
    ['shape', report, 'day'],
    ['shape.by', report, { by: 'user' }],
    ['shape.by', report, { by: ['toString'] }],
    ['shape.bucket', report, { bucket: 'week' }],
    ['shape.buckets', report, { buckets: 'day' }],
  ]) {
    expect(() => loose(...given), JSON.stringify(given)).toThrow(
      expect.objectContaining({ code: 'invalid', path }) as Error,
    )
  }
  expect([...usageCsv({ groups: [none], total: none }, { bucket: 'day' })][1]).toMatch(/^,1,/)
})
