import { expect, it } from 'vitest'
import {
  cartView,
  messageView,
  orderView,
  sessionAfter,
  sessionView,
  turnView,
  usageView,
  withheld,
} from '../../src/http/views.js'

const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const iso = '2026-01-02T03:04:05.678Z'
const record = {
  id: 's1',
  tenantId: 'acme',
  incarnation: 'secret',
  revision: 3,
  changes: 9,
  createdAt: at,
  updatedAt: at + 1,
  activeAt: at,
  lastSeq: 7,
  trimmedSeq: 2,
  bytes: 100,
}
const result = { type: 'tool-result', toolCallId: 'c1', toolName: 'pay', output: { card: '4111' } }
const message = {
  seq: 7,
  id: 'm7',
  role: 'assistant',
  content: [{ type: 'text', text: 'Paid.' }, result],
  at,
  tokens: 5,
  status: 'completed',
} as never
const shows = { exposeToolResults: true, isCompat: false }
const hides = { exposeToolResults: false, isCompat: false }

it('a session is shown without what is for the store', () => {
  const plain = {
    id: 's1',
    createdAt: iso,
    updatedAt: '2026-01-02T03:04:05.679Z',
    messageCount: 5,
    revision: 3,
  }
  expect(sessionView(record as never)).toEqual(plain)
  const named = { title: 'T', label: 'L', userId: 'alice', expiresAt: at }
  expect(sessionView({ ...record, ...named }, 't1')).toEqual({
    ...plain,
    ...named,
    expiresAt: iso,
    turn: { id: 't1' },
  })
  expect(sessionAfter(record as never, { seq: 6, at } as never)).toEqual({
    id: 's1',
    createdAt: iso,
    updatedAt: iso,
    messageCount: 4,
  })
})

it('what a tool gave is withheld, unless it may be seen', () => {
  const view = { seq: 7, id: 'm7', role: 'assistant', createdAt: iso, tokens: 5, status: 'completed' }
  const [said] = (message as { content: object[] }).content
  expect(messageView(message, shows)).toEqual({ ...view, content: [said, result] })
  expect(messageView(message, hides)).toEqual({
    ...view,
    content: [said, { ...result, output: withheld, redacted: true }],
  })
  expect(withheld).toBe('[tool result withheld]')
  const text = { ...(message as object), content: 'Paid.', name: 'Bot', metadata: { a: 1 } } as never
  expect(messageView(text, hides)).toEqual({ ...view, content: 'Paid.', name: 'Bot', metadata: { a: 1 } })
})

it('a cart has its total, and none when it is empty; an order has what was paid', () => {
  const price = { amount: 1999, currency: 'EUR' }
  const item = { id: 'i1', sku: 'A', name: 'a', quantity: 3, price, addedAt: at }
  const shown = { ...item, addedAt: iso }
  const total = { amount: 5997, currency: 'EUR' }
  expect(cartView({ items: [item] })).toEqual({ items: [shown], itemCount: 3, total })
  expect(cartView({ items: [] })).toEqual({ items: [], itemCount: 0 })
  expect(orderView({ id: 'o1', items: [item], total, placedAt: at })).toEqual({
    id: 'o1',
    items: [shown],
    total,
    placedAt: iso,
  })
})

it('usage tells what it knows, and nothing of what it does not', () => {
  const usage = { inputTokens: 7, outputTokens: 5, costMicros: 12 }
  expect(usageView(usage as never, shows)).toEqual(usage)
  const more = { ...usage, cachedTokens: 3, reasoningTokens: undefined }
  const told = usageView(more, shows)
  expect([told, Object.keys(told)]).toEqual([
    { ...usage, cachedTokens: 3 },
    ['inputTokens', 'outputTokens', 'costMicros', 'cachedTokens'],
  ])
})

it.each([
  ['completed', {}, 'stop'],
  ['completed', { finishReason: 'length' }, 'length'],
  ['aborted', {}, 'cancelled'],
  ['aborted', { reason: 'timed_out' }, 'timed_out'],
  ['failed', { finishReason: 'length' }, 'error'],
] as const)('a turn that is %s, with %j, ends with %s', (status, turn, finishReason) => {
  const reply = {
    ...(message as object),
    id: 'r1',
    metadata: { turn, documents: ['d'], sources: ['s'] },
  } as never
  const usage = { inputTokens: 7, outputTokens: 5, costMicros: 12 }
  const outcome = {
    turnId: 't1',
    status,
    text: 'Paid.',
    reply,
    replies: [reply],
    message,
    usage,
    reused: true,
  }
  const { response, ...others } = turnView(outcome as never, hides)
  expect(response).toEqual({
    text: 'Paid.',
    content: messageView(reply, hides).content,
    finishReason,
    usage,
    reused: true,
    documents: ['d'],
    sources: ['s'],
  })
  expect(others).toEqual({
    turn: { id: 't1', status, messageId: 'm7', replyId: 'r1' },
    messages: [messageView(message, hides), messageView(reply, hides)],
  })
})

it('shows a session that lives for longer than a date can say', () => {
  const { expiresAt } = sessionView({ ...record, expiresAt: Number.MAX_SAFE_INTEGER })
  expect(expiresAt).toBe('9999-12-31T23:59:59.999Z')
})
