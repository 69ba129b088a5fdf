import type { Entry } from './contender.js'
import { startCountingProxy, type Traffic } from './counting-proxy.js'
import { type Operation, tail } from './measure.js'
import { nextMessage } from './workload.js'

const calls = 20

/** The traffic of one operation, for one caller, on a session with this many messages. */
export async function countTraffic(
  entry: Entry,
  url: string,
  operation: Operation,
  history: number,
): Promise<Traffic> {
  const proxy = await startCountingProxy(url)
  const contender = await entry.open(proxy.url)
  try {
    const id = `traffic-${entry.role}-${operation}-${history}-${Date.now()}`
    await contender.prepare([id], history)
    const once = async (): Promise<void> => {
      if (operation === 'append') await contender.append(id, nextMessage())
      else await contender.read(id, tail)
    }
    // The server learns scripts and plans first.
    await once()
    const { roundTrips, bytesUp, bytesDown } = await proxy.count(async () => {
      for (let call = 0; call < calls; call++) await once()
    })
    return { roundTrips: roundTrips / calls, bytesUp: bytesUp / calls, bytesDown: bytesDown / calls }
  } finally {
    await contender.close()
    await proxy.stop()
  }
}
