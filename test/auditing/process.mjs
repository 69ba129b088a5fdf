// A process of its own, which runs what is published: it erases a user, and is killed before that has ended.
import { createSessions } from '@sessions/core'
import { sqliteStore } from '@sessions/store-sqlite'

const { path, settings, user } = JSON.parse(process.argv[2])
const store = sqliteStore(path, { readTimeoutMs: 60_000, writeTimeoutMs: 60_000 })
const erasing = () => {
  process.stdout.write('erasing\n')
  return new Promise(() => {})
}
const sessions = createSessions({ store, ...settings, privacy: { onErase: [erasing] } })
// The parent kills it; without it the process would end by itself.
setInterval(() => {}, 1000)
await sessions.privacy.erase({ ...user, by: 'support', reason: 'article 17' })
