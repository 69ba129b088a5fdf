/** Every session of the benchmarks has the same tenant and the same incarnation. */
export const tenantId = 'bench'
export const incarnation = 'bench-incarnation-0000001'

export const idleMs = 86_400_000
export const absoluteMs = 30 * 86_400_000

/** A session's data beside its messages: about as much as a few preferences and two cart lines. */
export const body = JSON.stringify({
  state: { phase: 'browse' },
  preferences: { budget: '500-1000', brands: ['Fairphone', 'Sony'], language: 'en' },
  cart: {
    items: [
      { sku: 'IPH15', quantity: 2, amount: 99_900 },
      { sku: 'CASE', quantity: 1, amount: 1_990 },
    ],
  },
  path: [{ from: 1 }],
})

const content =
  'I am looking for a phone with a good camera and a battery that lasts two days. It should be small enough for one ' +
  'hand, get updates for five years, and cost no more than eight hundred euros. Which ones would you look at, and ' +
  'what would you give up for each of them? Thank you for taking the time to compare them with me.'

/** A message of about 394 bytes. */
export function payloadOf(id: string): string {
  return JSON.stringify({ role: 'user', content: content.slice(0, 335 - id.length), tokens: 96, id })
}

let messages = 0

/** A message with a new id. */
export function nextMessage(): { id: string; payload: string } {
  const id = `message-${String(messages++).padStart(12, '0')}`
  return { id, payload: payloadOf(id) }
}
