import { byteLength } from '../json.js'

/** The most that the payloads of one page of messages take together, in bytes of UTF-8. */
export const maxPageBytes = 4 * 1024 * 1024

/**
 * For a store that has the messages at hand: how many of them, from the first on, fit one page of `maxBytes` (default
 * `maxPageBytes`). A message that is larger than a page has a page of its own.
 */
export function countFitting(
  messages: readonly { readonly payload: string }[],
  maxBytes = maxPageBytes,
): number {
  // No UTF-16 unit takes more than three bytes, so few pages have to be measured.
  if (messages.reduce((sum, { payload }) => sum + 3 * payload.length, 0) <= maxBytes) return messages.length
  let bytes = 0
  for (const [index, { payload }] of messages.entries()) {
    bytes += byteLength(payload)
    if (bytes > maxBytes && index > 0) return index
  }
  return messages.length
}
