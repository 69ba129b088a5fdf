import { createSessions, type Session } from '@sessions/core'
import { credentialSecrets, type LiveBackend, openLive, watched } from './open.js'
import { costOf, type Pair } from './slices.js'

const writers = 16
const warmUps = 3

const [backend, url, server, rounds, number] = process.argv.slice(2) as [LiveBackend, ...string[]]
const { store, bus, close } = await openLive(backend, url!)
const services = {
  on: createSessions({ store, bus, credentialSecrets }),
  off: createSessions({ store, credentialSecrets }),
}
/** A session for each writer. */
const handlesOf = async (name: keyof typeof services): Promise<readonly Session[]> =>
  Promise.all(Array.from({ length: writers }, async () => services[name].for(watched).create()))
const handles = { on: await handlesOf('on'), off: await handlesOf('off') }

const pairs: Pair[] = []
// The first make connections and compile code.
for (let round = -warmUps; round < Number(rounds); round++) {
  const isFirstOn = (round + Number(number)) % 2 === 0
  const first = await costOf(handles[isFirstOn ? 'on' : 'off'], Number(server))
  const second = await costOf(handles[isFirstOn ? 'off' : 'on'], Number(server))
  if (round >= 0) pairs.push(isFirstOn ? { on: first, off: second } : { on: second, off: first })
}
await Promise.all([services.on.close(), services.off.close()])
await close()
process.send!(pairs, () => process.disconnect())
