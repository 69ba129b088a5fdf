/** How many partitions a hash has. It never changes: every stored map counts on it. */
export const partitionCount = 4096

const encoder = new TextEncoder()
// No text has this byte in UTF-8, so no two lists of texts run into one another.
const separator = 0xff

/** The partition of a list of texts, 0 to 4,095, the same for ever: FNV-1a over their UTF-8, and a finisher. */
export function partitionNumber(...texts: readonly string[]): number {
  let hash = 0x811c9dc5
  for (const text of texts) {
    for (const byte of encoder.encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
    hash = Math.imul(hash ^ separator, 0x01000193)
  }
  // FNV alone leaves the upper bits of short texts alike.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) % partitionCount
}
