// The tests of the package, on AI SDK 7: this project resolves `ai` from here, whoever imports it.
import { createRequire } from 'node:module'
import { expect, it } from 'vitest'
import '../../test/create-chat.test.js'
import '../../test/mappers.test.js'
import '../../test/streams.test.js'

it('runs on AI SDK 7', () => {
  const { version } = createRequire(import.meta.url)('ai/package.json') as { version: string }
  expect(version).toMatch(/^7\./)
})
