// Keeps what 'use cache' is given, and shows all of it, so that a test can look for what must not be there.
const entries = new Map()
const seen = []
globalThis[Symbol.for('test:cache-seen')] = seen

export default {
  async get(key) {
    return entries.get(key)
  },
  async set(key, pending) {
    const entry = await pending
    seen.push(key, ...entry.tags)
    const [kept, shown] = entry.value.tee()
    seen.push(await new Response(shown).text())
    entries.set(key, { ...entry, value: kept })
  },
  async refreshTags() {},
  async getExpiration() {
    return 0
  },
  async updateTags(tags) {
    seen.push(...tags)
    for (const [key, entry] of entries) if (entry.tags.some((tag) => tags.includes(tag))) entries.delete(key)
  },
}
