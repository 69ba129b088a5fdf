import { describe, expect, it } from 'vitest'
import { estimateTokens } from '../../src/context/token-count.js'
import type { MessagePart } from '../../src/domain/part.js'
import { text } from './histories.js'

const count = (content: string | MessagePart[]) => estimateTokens({ role: 'user', content })
const bytes = (length: number) =>
  Buffer.from(Array.from({ length }, (_, index) => (index * 7919) % 251)).toString('base64')

describe('estimateTokens', () => {
  it('counts nothing of what only pages read', () => {
    const said = { type: 'text', text: 'Here you are.' }
    const card = { name: 'Fox Cup', price: 1200, tags: ['cup', 'fox'] }
    const shown = [
      { type: 'data-product', id: 'a', data: card },
      { type: 'ui-chunk', chunk: { type: 'message-metadata', messageMetadata: card } },
    ]
    expect(count([said, ...shown] as MessagePart[])).toBe(count([said]))
    expect(count([said, { type: 'database', rows: [card] }])).toBeGreaterThan(count([said]))
  })

  // Beside each, what the dearer of o200k and cl100k makes of it.
  it.each([
    ['Hello, how are you today?', 7],
    ['I would like to book a table for two at half past seven, please.', 15],
    ['const total = items.reduce((sum, item) => sum + item.price, 0)', 17],
    ['{"sku":"IPH15","quantity":2,"price":{"amount":99900}}', 20],
    ['请问我上周买的那部手机什么时候可以送到？', 23],
  ])('%s', (said, tokens) => {
    expect(count(said) - count('')).toBeGreaterThanOrEqual(tokens * 0.95)
    expect(count(said) - count('')).toBeLessThanOrEqual(tokens * 1.5)
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
    expect(count([link])).toBeLessThan(1500)
  })

  it('counts media by size, pages or length where those are known', () => {
    const png = (width: number, height: number) => {
      const head = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')
      const size = Buffer.alloc(8)
      size.writeUInt32BE(width, 0)
      size.writeUInt32BE(height, 4)
      return Buffer.concat([head, size, Buffer.alloc(40)]).toString('base64')
    }
    const small = count([{ type: 'image', image: png(64, 64) }])
    expect(small).toBeLessThan(300)
    expect(count([{ type: 'image', image: png(2000, 2000) }])).toBeGreaterThan(700)
    expect(count([{ type: 'image_url', image_url: { url: `data:image/png;base64,${png(64, 64)}` } }])).toBe(
      small,
    )
    expect(count([{ type: 'image', url: 'https://example.com/a.png', width: 64, height: 64 }])).toBe(small)
    const pdf = { type: 'file', mediaType: 'application/pdf', data: 'https://example.com/a.pdf' }
    expect(count([{ ...pdf, pages: 40 }])).toBeGreaterThan(20 * count([{ ...pdf, pages: 2 }]) * 0.9)
    expect(count([{ ...pdf, data: bytes(3_000_000) }])).toBeGreaterThan(50_000)
    expect(count([{ type: 'input_audio', seconds: 600 }])).toBeGreaterThan(6000)
  })

  it('counts base64 as text where it is sent as text', () => {
    expect(count(bytes(3000))).toBeGreaterThan(2600)
  })

  it('never counts nothing, and comes to an end with a million of anything, as what is not linear would not', () => {
    for (const text of ['', 'a'.repeat(1_000_000), ' '.repeat(1_000_000), '(['.repeat(500_000)]) {
      expect(count(text)).toBeGreaterThan(0)
    }
  })
})
