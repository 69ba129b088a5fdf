import { texts } from './texts.js'

/** The body of a request that is dear to read: each is within a MiB, and within the limits of nesting. */
export interface DearRequest {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly body: string
}

const most = 1024 * 1024
const fitting = (make: (length: number) => string, step: number): string => {
  let length = Math.floor(most / step)
  while (Buffer.byteLength(make(length)) > most) length = Math.floor(length * 0.95)
  return make(length)
}
const list = (item: string) => (count: number) => `[${Array.from({ length: count }, () => item).join()}]`
const nested = (count: number): string => list('{"a":'.repeat(20) + '1' + '}'.repeat(20))(count)

const messages = (content: string): string =>
  JSON.stringify({ messages: [{ content }, { content: `${content}.` }] })

export const dearRequests: readonly DearRequest[] = [
  ...Object.entries(texts).map(([name, text]) => ({
    name: `append of ${name}`,
    method: 'POST',
    path: '/messages',
    body: messages(text.slice(0, 150_000)),
  })),
  {
    name: 'state of many small things',
    method: 'PATCH',
    path: '/state',
    body: `{"a":${fitting(list('[]'), 3).slice(0)}}`,
  },
  { name: 'state that is nested', method: 'PATCH', path: '/state', body: `{"a":${fitting(nested, 130)}}` },
  {
    name: 'a message of many small things',
    method: 'POST',
    path: '/messages',
    body: `{"messages":[{"content":${fitting(list('{"type":"text","text":"a"}'), 28)}}]}`,
  },
  {
    name: 'many messages',
    method: 'POST',
    path: '/messages',
    body: `{"messages":${fitting(list('{"content":"a"}'), 17)}}`,
  },
  {
    name: 'a message with many fields',
    method: 'POST',
    path: '/message',
    body: `{${Array.from({ length: 60_000 }, (_, index) => `"k${index}":1`).join()}}`,
  },
  {
    name: 'a cart item with many fields',
    method: 'POST',
    path: '/cart/items',
    body: `{"sku":"a","name":"a","price":{"amount":1,"currency":"EUR"},"metadata":{"a":${fitting(list('1'), 2.2)}}}`,
  },
  { name: 'broken JSON', method: 'POST', path: '/messages', body: '['.repeat(31) + ' '.repeat(most - 200) },
]
