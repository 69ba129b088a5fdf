// The tests of the package, on AI SDK 7: this project resolves `ai` from here, whoever imports it.
import { createRequire } from 'node:module'
import * as ai from 'ai'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { respondWith } from '../../src/index.js'
import '../../test/agents.test.js'
import '../../test/answer-chunks.test.js'
import { ChatClient } from '../../test/chat-client.js'
import '../../test/create-chat.test.js'
import { chatOf, expectKept, id, partsOf } from '../../test/chat-of.js'
import '../../test/files-of-others.test.js'
import '../../test/made-results.test.js'
import '../../test/mappers.test.js'
import { call, modelOf, text } from '../../test/models.js'
import '../../test/read-answer.test.js'
import '../../test/streams.test.js'

it('runs on AI SDK 7', () => {
  const { version } = createRequire(import.meta.url)('ai/package.json') as { version: string }
  expect(version).toMatch(/^7\./)
})

interface Steering {
  steer: (message: string, options: { id: string }) => Promise<unknown>
}

it('keeps what a user adds to a running answer, and tells later calls of it', async () => {
  const { experimental_createSteering } = ai as object as { experimental_createSteering: () => Steering }
  const experimental_steering = experimental_createSteering()
  const weather = ai.tool({
    inputSchema: z.object({ place: z.string() }),
    execute: () => {
      void experimental_steering.steer('I meant Paris, Texas.', { id: 's1' })
      return 'rain'
    },
  })
  const model = modelOf(call('c1', 'weather', { place: 'Paris' }), text('0', 'Sun.'), text('0', 'Always.'))
  const settings = { tools: { weather }, experimental_steering } as object
  const steered = respondWith(model, settings)
  const answers = [steered, respondWith(model)]
  const chat = chatOf({ respond: (turn) => answers.shift()!(turn) })
  const page = new ChatClient(chat, { id })
  await page.sendMessage({ text: 'Paris?' })
  expect(partsOf(page).map(({ type }) => type as string)).toEqual(
    'step-start tool-weather steering-message step-start text'.split(' '),
  )
  expect(partsOf(page)[2]).toEqual({
    type: 'steering-message',
    id: 's1',
    parts: [{ type: 'text', text: 'I meant Paris, Texas.' }],
  })
  await expectKept(chat, page)
  await page.sendMessage({ text: 'And in May?' })
  const told = model.doStreamCalls[2].prompt.filter(({ role }) => role === 'user')
  expect(JSON.stringify(told.map(({ content }) => content))).toContain('I meant Paris, Texas.')
  expect(told).toHaveLength(3)
})
