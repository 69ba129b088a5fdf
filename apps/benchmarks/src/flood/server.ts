import { createServer } from 'node:http'
import { createSessions, memoryStore } from '@sessions/core'
import { createSessionApi } from '@sessions/core/http'
import { toNodeHandler } from '@sessions/core/node'
import { sqliteStore } from '@sessions/store-sqlite'

const path = process.argv[2]
// Settings as they are unasked, for callers who are nobody in particular.
const store = path === undefined ? memoryStore() : sqliteStore(path)
const sessions = createSessions({ store, onWarning: () => {} })
const api = createSessionApi({
  sessions,
  identify: () => ({ tenantId: 'public' }),
  respond: ({ input }) => `You said ${JSON.stringify(input).length} characters`,
  header: true,
  onError: (error) => process.send?.({ type: 'error', message: String(error) }),
})
const handle = toNodeHandler(api)
const server = createServer((req, res) => void handle(req, res))
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ type: 'listening', port: typeof address === 'object' ? address?.port : undefined })
})
setInterval(() => {
  const { heapUsed, heapTotal, rss } = process.memoryUsage()
  process.send?.({ type: 'memory', heapUsed, heapTotal, rss })
}, 50)
process.on('disconnect', () => process.exit(0))
