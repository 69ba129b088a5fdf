import { estimateTokens } from '@sessions/core/context'
import { encode as cl100k } from 'gpt-tokenizer/encoding/cl100k_base'
import { encode as o200k } from 'gpt-tokenizer/encoding/o200k_base'
import { declarations } from './declarations.js'

/** The estimate of a text, as a multiple of a tokenizer's count. */
export interface EstimateRow {
  readonly kind: string
  readonly o200k: number
  readonly cl100k: number
}

// The estimate of a message includes a constant for the role; an encoder of text does not.
const perMessage = estimateTokens({ role: 'user', content: '' })

export function estimateRow(kind: string, text: string): EstimateRow {
  const estimate = estimateTokens({ role: 'user', content: text }) - perMessage
  return { kind, o200k: estimate / o200k(text).length, cl100k: estimate / cl100k(text).length }
}

const bytes = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, index) => (index * index * 31 + index * 7919) % 251))

/** Text that is in no language. */
export const others: Readonly<Record<string, string>> = {
  TypeScript: `export function windowOf(groups: readonly Group[], room: number): number[] {
  const kept: number[] = []
  for (let index = groups.length - 1; index >= 0; index--) {
    const group = groups[index]!
    if (group.tokens > room) break
    room -= group.tokens
    kept.push(index)
  }
  return kept.reverse()
}`,
  Python: `def merge_patch(target, patch):
    merged = dict(target)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = merge_patch(merged.get(key, {}), value)
    return merged`,
  JSON: JSON.stringify(
    Array.from({ length: 12 }, (_, index) => ({
      sku: `IPH15-${index}`,
      quantity: index % 4,
      price: { amount: 99_900 + index, currency: 'USD' },
      url: `https://shop.example/p/${index}?ref=a1b2c3`,
      inStock: index % 2 === 0,
      note: null,
    })),
  ),
  Markdown: `# Orders\n\n| sku | pieces | price |\n| --- | ---: | ---: |\n${'| IPH15 | 2 | 999.00 |\n'.repeat(8)}\n- **Paid** by card\n- Sent on 2026-03-05, see [the parcel](https://parcel.example/12345)`,
  numbers: Array.from({ length: 100 }, (_, index) => index * 7919).join(' '),
  base64: bytes(1500).toString('base64'),
  hexadecimal: bytes(800).toString('hex'),
  emoji: '😀🎉👩‍👩‍👧‍👦🏳️‍🌈🚀❤️👍🏽🤷🏿‍♀️🧑‍💻🥐🇩🇪🇯🇵✨🔥✅➡️😂🥹🫶',
  capitals: 'THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG AND RUNS AWAY FROM EVERYTHING THAT BARKS',
}

export function estimateRows(): readonly EstimateRow[] {
  return Object.entries({ ...declarations, ...others }).map(([kind, text]) => estimateRow(kind, text))
}

/** The table of docs/context.md. */
export function estimateTable(rows: readonly EstimateRow[]): string {
  const line = ({ kind, ...row }: EstimateRow): string =>
    `| ${kind} | ${row.o200k.toFixed(2)} | ${row.cl100k.toFixed(2)} |`
  return ['| text | of o200k | of cl100k |', '| --- | --: | --: |', ...rows.map(line)].join('\n')
}
