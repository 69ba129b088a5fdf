import { createSessions, type MessagePart } from '@sessions/core'
import { expect, it } from 'vitest'
import { toUIMessages } from '../src/index.js'
import { shown } from './shown.js'

const base64 = 'AAAA'
const address = 'https://example.com/a'

const image = (mediaType = 'image/png') => ({ mediaType, url: `data:${mediaType};base64,${base64}` })
const pdf = { mediaType: 'application/pdf', url: `data:application/pdf;base64,${base64}` }

/** Parts as the SDKs take them, and the files that they are. */
const said: readonly (readonly [string, MessagePart, object])[] = [
  ['Responses, an image', { type: 'input_image', image_url: image().url, detail: 'auto' }, image()],
  [
    'Responses, a file',
    { type: 'input_file', file_data: pdf.url, filename: 'a.pdf' },
    { ...pdf, filename: 'a.pdf' },
  ],
  [
    'Responses, an address',
    { type: 'input_file', file_url: address },
    { mediaType: 'application/pdf', url: address },
  ],
  ['Chat Completions, an image', { type: 'image_url', image_url: { url: image().url } }, image()],
  [
    'Chat Completions, an address',
    { type: 'image_url', image_url: { url: address } },
    { mediaType: 'image/*', url: address },
  ],
  [
    'Chat Completions, a file',
    { type: 'file', file: { file_data: pdf.url, filename: 'a.pdf' } },
    { ...pdf, filename: 'a.pdf' },
  ],
  [
    'Chat Completions, audio',
    { type: 'input_audio', input_audio: { data: base64, format: 'wav' } },
    image('audio/wav'),
  ],
  [
    'Anthropic, an image',
    { type: 'image', source: { type: 'base64', media_type: 'image/webp', data: base64 } },
    image('image/webp'),
  ],
  [
    'Anthropic, an address',
    { type: 'image', source: { type: 'url', url: address } },
    { mediaType: 'image/*', url: address },
  ],
  [
    'Anthropic, a document',
    {
      type: 'document',
      source: { type: 'base64', media_type: 'application/pdf', data: base64 },
      title: 'Terms',
    },
    { ...pdf, filename: 'Terms' },
  ],
  [
    'Anthropic, the address of a document',
    { type: 'document', source: { type: 'url', url: address } },
    { mediaType: 'application/pdf', url: address },
  ],
  ['Mistral, an image', { type: 'image_url', imageUrl: image().url }, image()],
  [
    'Mistral, a document',
    { type: 'document_url', documentUrl: address, documentName: 'a.pdf' },
    { mediaType: 'application/pdf', url: address, filename: 'a.pdf' },
  ],
  ['LangChain 1', { type: 'image', mimeType: 'image/gif', data: base64 }, image('image/gif')],
  ['LangChain 0.3', { type: 'file', source_type: 'base64', mime_type: 'application/pdf', data: base64 }, pdf],
  ['OpenAI Agents', { type: 'input_image', image: image().url }, image()],
  ['vLLM', { type: 'video_url', video_url: { url: address } }, { mediaType: 'video/*', url: address }],
]

it.each(said)('shows pages and models a file of %s', async (_, part, file) => {
  const { page, model } = await shown([part])
  expect(page).toEqual([{ type: 'file', ...file }])
  expect(model).toMatchObject([{ type: 'file', mediaType: (file as { mediaType: string }).mediaType }])
})

it.each([
  { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'All of it' } },
  { type: 'text-plain', mimeType: 'text/plain', text: 'All of it' },
  { type: 'file', mediaType: 'text/plain', data: { type: 'text', text: 'All of it' } },
])('shows a document that is a text as its text: $type', async (part) => {
  const { page, model } = await shown([part])
  expect([page, model]).toEqual([
    [{ type: 'text', text: 'All of it' }],
    [{ type: 'text', text: 'All of it' }],
  ])
})

it.each([
  [
    'OpenRouter',
    {
      object: 'chat.completion',
      choices: [
        {
          finish_reason: 'stop',
          message: { images: [{ type: 'image_url', image_url: { url: image().url } }] },
        },
      ],
    },
    image(),
  ],
  [
    'Responses',
    {
      object: 'response',
      status: 'completed',
      output: [{ type: 'image_generation_call', id: 'ig', result: base64, output_format: 'webp' }],
    },
    image('image/webp'),
  ],
  [
    'Gemini',
    {
      candidates: [
        {
          finishReason: 'STOP',
          content: { parts: [{ inlineData: { mimeType: 'image/png', data: base64 } }] },
        },
      ],
    },
    image(),
  ],
])('shows pages an image that a model has made: %s', async (_, response, file) => {
  const session = await createSessions().for({ tenantId: 'acme', userId: 'alice' }).create()
  await session.turn('Draw', () => [response]).result
  const [, answer] = await toUIMessages(await session.allMessages())
  expect(answer!.parts).toEqual([{ type: 'step-start' }, { type: 'file', ...file }])
})

it.each([
  { type: 'input_image', file_id: 'file-1' },
  { type: 'image', source: { type: 'file', file_id: 'file-1' } },
  { type: 'file', file: { file: { file: { url: address } } } },
  { type: 'web_search_call', url: address },
  { type: 'reasoning-file', mediaType: 'image/png', url: image().url },
])('leaves out what is elsewhere, and what is no file: %j', async (part) => {
  expect((await shown([part as MessagePart])).page).toEqual([])
})
