import { expect, it } from 'vitest'
import { textStream } from '../../src/http/text-stream.js'

/** A text in pieces, how many of them were made, and what came at the end. */
function made(pieces: readonly string[], error?: Error) {
  const seen: string[] = []
  let count = 0
  async function* texts() {
    try {
      for (const piece of pieces) {
        count++
        yield piece
      }
      if (error !== undefined) throw error
    } finally {
      seen.push('closed')
    }
  }
  const reader = textStream(texts(), () => seen.push('end')).getReader()
  const read = async () => {
    const { done, value } = await reader.read()
    return done ? undefined : new TextDecoder().decode(value)
  }
  return { reader, read, seen, count: () => count }
}

const half = 'x'.repeat(32_768)

it('is made as it is read, by 64 KiB', async () => {
  const { read, seen, count } = made([half, half, 'a', half, half, 'end'])
  expect(count()).toBe(0)
  expect(await read()).toBe(half + half)
  expect(count()).toBe(2)
  expect(await read()).toBe(`a${half}${half}`)
  expect([await read(), await read()]).toEqual(['end', undefined])
  expect(seen).toEqual(['closed', 'end'])
})

it('that has nothing ends at once', async () => {
  const { read, seen } = made([])
  expect([await read(), seen]).toEqual([undefined, ['closed', 'end']])
})

it('is cut off where it cannot be made', async () => {
  const { read, seen } = made([half, half], new Error('the store is away'))
  expect(await read()).toBe(half + half)
  await expect(read()).rejects.toThrow('the store is away')
  expect(seen).toEqual(['closed', 'end'])
})

it('is made no further when its reader leaves', async () => {
  const { reader, read, seen, count } = made([half, half, 'more'])
  await read()
  await reader.cancel()
  expect([count(), seen]).toEqual([2, ['end', 'closed']])
})
