/** A hash of 64 bits for telling texts apart, in hexadecimal. It is fast, and no protection against forgery. */
export function hashOf(texts: Iterable<string>): string {
  let low = 0x9dc5811c
  let high = 0xcbf29ce4
  for (const text of texts) {
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index)
      low = Math.imul(low ^ unit, 0x01000193)
      high = Math.imul(high ^ unit, 0x85ebca6b)
    }
    // A separator between two texts, so that moving a letter from one to the other changes the hash.
    low = Math.imul(low ^ 0x10001, 0x01000193)
    high = Math.imul(high ^ (low >>> 15), 0xc2b2ae35)
  }
  return (high >>> 0).toString(16).padStart(8, '0') + (low >>> 0).toString(16).padStart(8, '0')
}
