import { createSessions, type Respond } from '@sessions/core'
import type { ToolSet } from 'ai'
import { expect, it } from 'vitest'
import {
  type ChatOptions,
  createChat,
  fromResponse,
  fromUIMessage,
  respondWith,
  toModelMessages,
} from '../src/index.js'
import { alice } from './chat-of.js'
import { modelOf, text } from './models.js'

const sessions = createSessions()
const own = { sessions, identify: () => alice }
const respond: Respond = () => 'Hi'
const model = modelOf(text('0', 'Hi'))

const kinds: Readonly<Record<string, readonly unknown[]>> = {
  number: [5],
  text: ['x', ''],
  flag: [true],
  list: [[5]],
  function: [() => 5],
  object: [{}],
  null: [null],
}
const taken: readonly (readonly [keyof ChatOptions, readonly string[]])[] = [
  ['model', ['function']],
  ['system', ['text', 'function']],
  ['context', ['object']],
  ['messageMetadata', ['function']],
  ['settings', ['object']],
  ['tools', ['object', 'function']],
  ['turnTools', ['object']],
  ['turns', ['object']],
  ['clientTools', []],
]

it.each(taken)('a chat refuses a %s of another kind', (name, right) => {
  for (const [kind, values] of Object.entries(kinds)) {
    for (const value of values) {
      // A text may be the name of a model.
      if (right.includes(kind) || (name === 'model' && value === 'x')) continue
      expect(() => createChat({ ...own, model, [name]: value }), kind).toThrow(
        expect.objectContaining({
          code: 'invalid',
          path: name === 'clientTools' && kind === 'list' ? 'clientTools[0]' : name,
        }),
      )
    }
  }
})

it.each([
  ['respond', { respond: null, model }],
  ['respond', { respond: 'x' }],
  ['model', { respond, model }],
  ['system', { respond, system: 'You sell phones.' }],
  ['context', { respond, context: {} }],
  ['settings', { respond, settings: {} }],
  ['messageMetadata', { respond, messageMetadata: () => 5 }],
  ['settings.system', { model, settings: { system: 'You sell phones.' } }],
  ['settings.tools', { model, settings: { tools: {} } }],
  ['settings.prompt', { model, settings: { prompt: 'Hi' } }],
  ['settings.convertDataPart', { model, settings: { convertDataPart: 5 } }],
  ['cancelOnDisconnect', { model, cancelOnDisconnect: true }],
  ['userRoutes', { model, userRoutes: true }],
  ['searchRoutes', { model, searchRoutes: true }],
  ['sytem', { model, sytem: 'x' }],
])('a chat refuses %s that nothing would read', (path, options) => {
  expect(() => createChat({ ...own, ...options } as object as ChatOptions)).toThrow(
    expect.objectContaining({ code: 'invalid', path }),
  )
})

it.each([
  ['options', null],
  ['options', 5],
  ['system', { system: 5 }],
  ['context', { context: [] }],
  ['tools', { tools: [] }],
  ['messageMetadata', { messageMetadata: {} }],
  ['convertDataPart', { convertDataPart: 'x' }],
  ['messages', { messages: [] }],
  ['instructions', { instructions: 'x' }],
  ['abortSignal', { abortSignal: AbortSignal.abort() }],
])('an answer refuses %s of another kind, or that it does not take', (path, options) => {
  expect(() => respondWith(model, options as never)).toThrow(
    expect.objectContaining({ code: 'invalid', path }),
  )
})

it('an answer refuses what is no model', () => {
  for (const wrong of [undefined, null, 5, '', {}, []])
    expect(() => respondWith(wrong as never)).toThrow(
      expect.objectContaining({ code: 'invalid', path: 'model' }),
    )
})

it('each is taken as it is meant', () => {
  const turnTools = { add: { execute: () => 1 } }
  const wide = {
    system: 'x',
    context: { maxTokens: 9 },
    messageMetadata: () => 5,
    settings: { temperature: 1 },
  }
  expect(createChat({ ...own, model, ...wide, turnTools, turns: { policy: 'queue' } })).toBeDefined()
  expect(createChat({ ...own, model: () => model, system: () => 'x', tools: () => ({}) })).toBeDefined()
  expect(createChat({ ...own, model: 'openai/gpt', clientTools: ['add'] })).toBeDefined()
  const tools = { confirm: {} } as object as ToolSet
  expect(createChat({ ...own, respond, tools, system: undefined })).toBeDefined()
})

it.each([
  ['options', null],
  ['options', 5],
  ['tols', { tols: {} }],
  ['tools', { tools: 5 }],
  ['tools', { tools: null }],
  ['tools.add', { tools: { add: null } }],
  ['convertDataPart', { convertDataPart: 5 }],
])('messages for a model are made with no %s of another kind', async (path, options) => {
  await expect(toModelMessages([], options as never)).rejects.toMatchObject({ code: 'invalid', path })
})

it('messages of others are refused that have no parts, or no role', () => {
  for (const parts of [[null], [5], [{}]])
    expect(() => fromUIMessage({ id: 'm', role: 'user', parts } as never)).toThrow(
      expect.objectContaining({ code: 'invalid', path: 'message' }),
    )
  for (const messages of [[null], [5], [{}]])
    expect(() => fromResponse(messages as never)).toThrow(
      expect.objectContaining({ code: 'invalid', path: 'messages' }),
    )
})
