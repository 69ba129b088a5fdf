import { describe, expect, it } from 'vitest'
import { isBytes, isMedia, mayHoldMedia, type Media, nameOfMedia } from '../../src/context/media.js'
import { tokensOfMedia } from '../../src/context/media-tokens.js'
import { estimateTokens } from '../../src/context.js'

const base64 = (bytes: number) => 'A'.repeat((bytes * 4) / 3)

function png(width: number, height: number): string {
  const size = Buffer.alloc(8)
  size.writeUInt32BE(width, 0)
  size.writeUInt32BE(height, 4)
  return Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), size]).toString('base64')
}

describe('tokens of media', () => {
  it.each<[number, Media]>([
    [1100, { type: 'image' }],
    [1100, { type: 'image', url: 'https://a.test/b.png' }],
    [255, { type: 'image', width: 64, height: 64 }],
    [820, { type: 'image', width: 1024, height: 600 }],
    [1600, { type: 'image', width: 2000, height: 2000 }],
    [765, { type: 'image', width: 8192, height: 10 }],
    [425, { type: 'image', width: 10, height: 600 }],
    ...[0, -1, Number.POSITIVE_INFINITY, '64'].map((width): [number, Media] => [
      1100,
      { type: 'image', width, height: 64 },
    ]),
    [1100, { type: 'image', width: 64 }],
    [255, { type: 'image', image: png(64, 64) }],
    [820, { type: 'image', data: `data:image/png;base64,${png(1024, 600)}` }],
    [820, { type: 'image', source: { type: 'base64', data: png(1024, 600) } }],
    [820, { type: 'image_url', image_url: { url: `data:image/png;base64,${png(1024, 600)}` } }],
    [820, { type: 'image_url', image_url: `data:image/png;base64,${png(1024, 600)}` }],
    [820, { type: 'media', inlineData: { data: png(1024, 600) } }],
    [820, { type: 'image-data', file: { file_data: png(1024, 600) } }],
    [1100, { type: 'image', image: png(0, 600) }],
    [1100, { type: 'image', image: png(600, 0) }],
    [1100, { type: 'image', image: png(64, 64).slice(0, 31) }],
    [1100, { type: 'image', image: `x${png(64, 64)}` }],
  ])('of an image, %#: %i', (tokens, media) => {
    expect(tokensOfMedia(media)).toBe(tokens)
  })

  it.each<[number, Media]>([
    [7500, { type: 'file', mediaType: 'application/pdf', pages: 3 }],
    [7500, { type: 'file', mimeType: 'application/pdf', pageCount: 3 }],
    [7500, { type: 'file', media_type: 'application/pdf', numPages: 3 }],
    [2500, { type: 'file', mime_type: 'text/plain' }],
    [1100, { type: 'file', mime_type: 'application/text/plain' }],
    [2500, { type: 'document' }],
    [2500, { type: 'file', mediaType: 'application/pdf', data: 'https://a.test/b.pdf' }],
    [2500, { type: 'file', mediaType: 'application/pdf', data: base64(60_000) }],
    [5000, { type: 'file', mediaType: 'application/pdf', data: base64(60_003) }],
    [5000, { type: 'file', data: `data:application/pdf;base64,${base64(60_003)}` }],
    [1920, { type: 'input_audio' }],
    [19_200, { type: 'input_audio', seconds: 600 }],
    [64, { type: 'audio', durationSeconds: 2 }],
    [64, { type: 'file', mediaType: 'audio/mpeg', duration: 2 }],
    [32, { type: 'audio', seconds: 0.1 }],
    [96, { type: 'input_audio', input_audio: { data: base64(48_000) } }],
    [18_000, { type: 'video' }],
    [600, { type: 'video', seconds: 2 }],
    [300, { type: 'video', seconds: 0.5 }],
    [600, { type: 'media', mediaType: 'video/mp4', data: base64(499_998) }],
  ])('of a document, a sound or a film, %#: %i', (tokens, media) => {
    expect(tokensOfMedia(media)).toBe(tokens)
  })
})

describe('media are', () => {
  it('told apart from other parts, also in JSON', () => {
    for (const type of ['file', 'image', 'image_url', 'input_audio', 'document', 'media']) {
      expect([isMedia({ type }), mayHoldMedia(JSON.stringify([{ type }]))], type).toEqual([true, true])
    }
    for (const type of ['text', 'tool-call', 'files', 'imag', '']) {
      expect([isMedia({ type }), mayHoldMedia(JSON.stringify([{ type }]))], type).toEqual([false, false])
    }
    for (const none of [undefined, null, 'image', 5, [], { type: 5 }, {}]) expect(isMedia(none)).toBe(false)
  })

  it('bytes where they are encoded so, and no words', () => {
    const letters = 'Az09+/=_-'.repeat(57).slice(0, 512)
    expect(isBytes(letters)).toBe(true)
    expect(isBytes(letters.slice(1))).toBe(false)
    expect(isBytes(` ${letters}`)).toBe(false)
    expect(isBytes(`${letters} and more`)).toBe(true)
    expect(isBytes('data:image/png;base64,AA')).toBe(true)
    expect(isBytes('data:image/png,AA')).toBe(false)
    expect(isBytes('see data:image/png;base64,AA')).toBe(false)
    expect(isBytes('word '.repeat(200))).toBe(false)
  })

  it('named by their kind and their file', () => {
    const names: [Media, string][] = [
      [{ type: 'image' }, 'image'],
      [{ type: 'file', mediaType: 'application/pdf', filename: 'a.pdf' }, 'application/pdf a.pdf'],
      [{ type: 'file', filename: '', name: 'b', title: 'c' }, 'file b'],
      [{ type: 'file', name: 5, title: 'c' }, 'file c'],
      [{ type: 'file', title: 'x'.repeat(101) }, `file ${'x'.repeat(100)}`],
      [{ type: 'file', mime_type: 'y'.repeat(101) }, 'y'.repeat(100)],
      [{ type: 'file', mediaType: 5, mimeType: 'a/b' }, 'a/b'],
    ]
    for (const [media, name] of names) expect(nameOfMedia(media)).toBe(name)
  })
})

const counted = (...content: object[]) => estimateTokens({ role: 'assistant', content: content as never }) - 4

describe('a document that is a text', () => {
  const text = '日本語 and words, '.repeat(3000)
  const bytes = Buffer.from(text).toString('base64')
  const tokens = estimateTokens({ role: 'user', content: text }) - 4

  it.each<Media>([
    { type: 'document', source: { type: 'text', media_type: 'text/plain', data: text } },
    { type: 'document', source: { type: 'base64', media_type: 'text/plain', data: bytes } },
    { type: 'document', source: { type: 'content', content: text } },
    { type: 'file', mediaType: 'text/markdown', data: text },
    { type: 'file', mediaType: 'application/json', data: bytes },
    { type: 'file', mediaType: 'text/csv', url: `data:text/csv;charset=utf-8;base64,${bytes}` },
    { type: 'file', url: `data:text/plain,${encodeURIComponent(text)}` },
    { type: 'native', document: { format: 'txt', source: { bytes } } },
  ])('counts as that text, %#', (media) => {
    const all = counted(media)
    expect(all).toBeGreaterThanOrEqual(tokens)
    expect(all).toBeLessThan(tokens + 20)
  })

  it('counts as a page where it is elsewhere, or cannot be read', () => {
    expect(counted({ type: 'file', mediaType: 'text/plain', data: 'https://a.test/b.txt' })).toBe(2500)
    expect(counted({ type: 'document' })).toBe(2500)
    expect(counted({ type: 'file', url: 'data:text/plain,%' })).toBeLessThan(5)
  })

  it('is told from tables and pictures that are written in XML', () => {
    const office = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
    expect(counted({ type: 'file', mediaType: office, data: bytes })).toBeLessThan(tokens)
    expect(counted({ type: 'file', mediaType: 'image/svg+xml', data: bytes })).toBe(1100)
  })
})

describe('bytes count as what they are, and not as a text, in', () => {
  const bytes = Buffer.from(
    Array.from({ length: 60_000 }, (_, at) => (at * 7919 + (at >> 3)) & 255),
  ).toString('base64')
  const inResult = (output: object) => ({ type: 'tool-result', toolCallId: 'c', output })

  it.each<object>([
    { type: 'image_generation_call', id: 'i', result: bytes },
    { type: 'reasoning-file', mediaType: 'image/png', data: bytes },
    { type: 'native', image: { format: 'png', source: { bytes } } },
    inResult({ parts: [{ inlineData: { mimeType: 'image/png', data: bytes } }] }),
    inResult({
      content: [{ type: 'resource', resource: { uri: 'a:b', mimeType: 'image/png', blob: bytes } }],
    }),
  ])('%#', (part) => {
    expect(counted(part)).toBeGreaterThanOrEqual(1100)
    expect(counted(part)).toBeLessThan(1150)
  })
})
