import { expect, test } from 'vitest'
import { memoryStore } from '../../src/contract/memory/memory-store.js'
import { maxPageBytes } from '../../src/contract/page-bytes.js'
import { encodeParsed } from '../../src/domain/message.js'
import { readPath } from '../../src/domain/path.js'

const bytes = 500_000
const fit = Math.floor(maxPageBytes / bytes)

test('a page over many ranges is bounded by bytes as well, and goes on in either direction', async () => {
  const store = memoryStore()
  const ref = { tenantId: 'acme', id: 'one' }
  await store.commit(ref, { revision: 0 })
  for (let n = 1; n <= 60; n++) {
    const message = { id: `m${n}`, role: 'user' as const, content: `${n} ${'x'.repeat(bytes - 200)}` }
    await store.commit(ref, { messages: [encodeParsed(message, 1)] })
  }
  // Each second stretch of three was left behind.
  const path = Array.from({ length: 10 }, (_, n) => ({ from: 6 * n + 1, to: 6 * n + 3 }))
  const expected = path.flatMap(({ from }) => [from, from + 1, from + 2])

  const forward: number[] = []
  for (let after: number | undefined = 0; after !== undefined;) {
    const page = await readPath(store, ref, path, { after, limit: 1000 })
    expect(page.messages.length).toBeLessThanOrEqual(fit)
    forward.push(...page.messages.map(({ seq }) => seq))
    ;({ after } = page)
  }
  expect(forward).toEqual(expected)

  const backward: number[] = []
  for (let before: number | undefined = 100; before !== undefined;) {
    const page = await readPath(store, ref, path, { before, limit: 1000 })
    expect(page.messages.length).toBeLessThanOrEqual(fit)
    backward.unshift(...page.messages.map(({ seq }) => seq))
    ;({ before } = page)
  }
  expect(backward).toEqual(expected)
})
