import type { MessageInput } from '@sessions/core'
import { expect, it } from 'vitest'
import { fromUIMessage } from '../../src/index.js'
import { shown } from '../../test/shown.js'

const address = 'https://example.com/a'
const reference = { openai: 'file-1' }

// AI SDK 6 has no uploads.
it.each([
  ['a page', { url: address, providerReference: reference }, { url: address }],
  ['a page, without an address', { url: '', providerReference: reference }, { url: '' }],
  ['a model', { data: { type: 'reference', reference } }, { url: '' }],
])('keeps the ids that an upload has at providers, in a message for %s', async (_, given, file) => {
  const part = { type: 'file', mediaType: 'application/pdf', filename: 'a.pdf', ...given }
  const [{ content }] = fromUIMessage({ id: 'm', role: 'user', parts: [part as never] }) as [MessageInput]
  const { page, model } = await shown(content)
  const about = { type: 'file', mediaType: 'application/pdf', filename: 'a.pdf' }
  expect(page).toEqual([{ ...about, ...file, providerReference: reference }])
  expect(model).toEqual([{ ...about, data: { type: 'reference', reference } }])
})
