import { createSessions } from '@sessions/core'
import { credentialSecrets, type LiveBackend, machineNow, openLive, watched } from './open.js'

/** What a watcher tells: that it watches, when it has heard of the message with a seq, and how often it has read. */
export type Told = { readonly heard: number; readonly at: number } | { readonly reads: number }

const [backend, url, sessionId] = process.argv.slice(2) as [LiveBackend, string, string]
const tell = (told: Told): void => void process.send!(told)
const { store, bus, close } = await openLive(backend, url)
let reads = 0
const counting = {
  ...store,
  read: async (...given: Parameters<typeof store.read>) => {
    reads++
    return store.read(...given)
  },
}
const sessions = createSessions({ store: counting, bus, credentialSecrets })
const session = await sessions.for(watched).get(sessionId)
const quit = new AbortController()
process.on('message', (asked) => {
  if (asked === 'reads') tell({ reads })
  else quit.abort()
})
for await (const update of session.subscribe({ signal: quit.signal })) {
  if (update.type === 'message') tell({ heard: update.message.seq, at: machineNow() })
  else if (update.type === 'changed' && update.contents.record.lastSeq === 0)
    tell({ heard: 0, at: machineNow() })
}
await sessions.close()
await close()
process.disconnect()
