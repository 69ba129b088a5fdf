import { expect, it } from 'vitest'
import { moment } from '../src/format.js'
import { markup } from '../src/markup.js'

const [override, isolate, end] = ['\u202e', '\u2067', '\u2069']
const shown = (text: string): string => markup`<b>${text}</b>`.toString().slice(3, -4)

it.each([
  ['an override', `${override}evil`, `\u2068${override}evil${end}`],
  ['an isolate that is open', `${isolate}${isolate}evil`, `\u2068${isolate}${isolate}evil${end}${end}${end}`],
  ['an end too many', `${end}${override}evil`, `\u2068${override}evil${end}`],
  ['an isolate that ends', `a ${isolate}b${end} c`, `\u2068a ${isolate}b${end} c${end}`],
  ['a line among others', `one\n${override}two\nthree`, `one\n\u2068${override}two${end}\nthree`],
])('a text ends with its marks of direction: %s', (_, text, expected) => {
  expect(shown(text)).toBe(expected)
})

it('leaves what needs no marks as it is, in whatever direction it is written', () => {
  for (const text of ['', 'plain', 'שלום 5', 'مرحبا\u200f!', 'a\u200eb']) expect(shown(text)).toBe(text)
})

it('gives a form what it was given', () => {
  const { text, rest } = { text: `${override}"q`, rest: 'x' }
  expect(markup`<input name="${rest}" value="${text}" /> ${text}`.toString()).toBe(
    `<input name="x" value="${override}&quot;q" /> \u2068${override}&quot;q${end}`,
  )
})

it('takes as long for many marks as for much text', () => {
  const text = isolate.repeat(200_000) + end.repeat(400_000)
  expect(shown(text)).toHaveLength(400_002)
})

it('shows a moment, also one that no date can show', () => {
  expect(moment(Date.UTC(2026, 0, 2, 3, 4, 5)).toString()).toContain('>2026-01-02 03:04<')
  expect(moment(Number.MAX_SAFE_INTEGER).toString()).toContain('>9999-12-31 23:59<')
})
