import { createSessions } from '@sessions/core'
import { tool } from 'ai'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { ChatClient } from './chat-client.js'
import { alice, chatOf, expectKept, id, textOf } from './chat-of.js'
import { call, modelOf, type Piece, text } from './models.js'

const number = /KD-?\d{6}/
const redact = (said: string): string => said.replaceAll(/KD-\d{6}/g, '[customer]')
const find = tool({
  inputSchema: z.object({ who: z.string() }),
  execute: async ({ who }) => ({ found: `${who} is KD-654321` }),
})
const delta = (type: 'text' | 'reasoning', of: string, said: string): Piece => ({
  type: `${type}-delta`,
  id: of,
  delta: said,
})
const thought = (of: string, ...said: string[]): Piece[] => [
  { type: 'reasoning-start', id: of },
  ...said.map((each) => delta('reasoning', of, each)),
  { type: 'reasoning-end', id: of },
]

it.each<[string, Piece[]]>([
  ['a text in pieces', text('0', 'I am KD-12', '34', '56, yes')],
  ['a thought', [...thought('r', 'Is it KD-1', '23456?'), ...text('0', 'Yes')]],
  [
    'a text that a thought comes into',
    [
      { type: 'text-start', id: '0' },
      delta('text', '0', 'I am KD-12'),
      ...thought('r', 'Hm'),
      delta('text', '0', '3456, yes'),
      { type: 'text-end', id: '0' },
    ],
  ],
  [
    'a text that a file and a source come into',
    [
      { type: 'text-start', id: '0' },
      delta('text', '0', 'I am KD-12'),
      { type: 'file', mediaType: 'text/plain', data: 'aGk=' },
      { type: 'source', sourceType: 'url', id: 's', url: 'https://x.example', title: 'of KD-123456' },
      delta('text', '0', '3456\nyes'),
      { type: 'text-end', id: '0' },
    ],
  ],
  [
    'a text that a call comes into',
    [
      { type: 'text-start', id: '0' },
      delta('text', '0', 'I am KD-12'),
      ...call('c', 'find', { who: 'KD-123456' }),
      delta('text', '0', '3456, yes'),
      { type: 'text-end', id: '0' },
    ],
  ],
])('shows no number, live or later, in %s', async (_, answer) => {
  const sessions = createSessions({ redact, onWarning: () => {} })
  const chat = chatOf({ model: modelOf(answer, text('0', 'Done: KD-', '123456')), tools: { find } }, sessions)
  const page = new ChatClient(chat, { id })
  await page.sendMessage({ text: 'Who is it?' })
  await expectKept(chat, page)
  const kept = textOf(await chat.messages(alice, id))
  expect(kept).not.toMatch(number)
  expect(kept).toContain('[customer]')
  expect(kept).not.toContain('3456')
})

it('has a text where its first words are, live and later', async () => {
  const answer = [
    { type: 'text-start', id: '0' },
    delta('text', '0', ''),
    ...thought('r', 'Hm'),
    delta('text', '0', 'Yes'),
    { type: 'text-end', id: '0' },
  ]
  for (const options of [{}, { redact }]) {
    const sessions = createSessions({ ...options, onWarning: () => {} })
    const chat = chatOf({ model: modelOf(answer) }, sessions)
    const page = new ChatClient(chat, { id })
    await page.sendMessage({ text: 'Is it?' })
    await expectKept(chat, page)
    expect(page.messages.at(-1)!.parts.map(({ type }) => type)).toEqual(['step-start', 'reasoning', 'text'])
  }
})
