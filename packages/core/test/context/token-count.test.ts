import { describe, expect, it } from 'vitest'
import { estimateTokens } from '../../src/context/token-count.js'
import type { MessagePart } from '../../src/domain/message.js'
import { text } from './histories.js'

const count = (content: string | MessagePart[]) => estimateTokens({ role: 'user', content })
const bytes = (length: number) =>
  Buffer.from(Array.from({ length }, (_, index) => (index * 7919) % 251)).toString('base64')

describe('estimateTokens', () => {
  // Beside each, what o200k makes of it.
  it.each([
    ['Hello, how are you today?', 7],
    ['I would like to book a table for two at half past seven, please.', 15],
    ['const total = items.reduce((sum, item) => sum + item.price, 0)', 17],
    ['{"sku":"IPH15","quantity":2,"price":{"amount":99900}}', 20],
    ['请问我上周买的那部手机什么时候可以送到？', 14],
  ])('%s', (said, tokens) => {
    expect(count(said) - count('')).toBeGreaterThanOrEqual(tokens * 0.8)
    expect(count(said) - count('')).toBeLessThanOrEqual(tokens * 1.4)
  })

  it('counts media by what they are, not by their bytes', () => {
    const image = (length: number): MessagePart => ({ type: 'image', image: bytes(length) })
    expect(count([text('look'), image(100_000)])).toBe(count([text('look'), image(10)]))
    const shot = (length: number): MessagePart => ({
      type: 'tool-result',
      toolCallId: 'a',
      output: { type: 'content', value: [{ type: 'media', mediaType: 'image/png', data: bytes(length) }] },
    })
    expect(count([shot(100_000)])).toBe(count([shot(600)]))
    const link: MessagePart = {
      type: 'tool-result',
      toolCallId: 'a',
      output: `data:image/png;base64,${bytes(90_000)}`,
    }
    expect(count([link])).toBeLessThan(400)
  })

  it('never counts nothing, and comes to an end with a million of anything, as what is not linear would not', () => {
    for (const text of ['', 'a'.repeat(1_000_000), ' '.repeat(1_000_000), '(['.repeat(500_000)]) {
      expect(count(text)).toBeGreaterThan(0)
    }
  })
})
