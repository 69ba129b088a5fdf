import type { SessionRef, SessionStore } from '@sessions/core/store'
import { tieredStore } from '@sessions/store-tiered'
import { median } from '../stores/statistics.js'

const sessions = 100
const tail = 20
const sliceMs = 500
const maxAgeMs = 3_600_000

/** Reads from memory for each read of the store: those of one caller after another, each with its 20 messages. */
export async function hotReads(
  store: SessionStore,
  rounds: number,
): Promise<{ ratio: number; aSecond: number }> {
  const tiered = tieredStore(store, { hot: { maxBytes: 64 * 1024 * 1024 } })
  const refs = Array.from({ length: sessions }, (_, index) => ({ tenantId: 'hot', id: `s${index}` }))
  const messages = Array.from({ length: tail }, (_, index) => ({ id: `m${index}`, payload: 'x'.repeat(400) }))
  for (const ref of refs) {
    await store.commit(ref, { revision: 0, body: 'x'.repeat(1000), messages })
    await tiered.read(ref, { tail, maxAgeMs })
  }
  const ratios: number[] = []
  const rates: number[] = []
  for (let round = 0; round < rounds; round++) {
    const cold = await readsOf(store, refs)
    const hot = await readsOf(tiered, refs)
    ratios.push(hot / cold)
    rates.push(hot)
  }
  if (tiered.stats().misses > sessions) throw new Error('Memory did not answer every read.')
  return { ratio: Math.round(median(ratios)), aSecond: Math.round(median(rates)) }
}

async function readsOf(store: SessionStore, refs: readonly SessionRef[]): Promise<number> {
  const begun = performance.now()
  let count = 0
  for (; performance.now() - begun < sliceMs; count++) {
    await store.read(refs[count % refs.length]!, { tail, maxAgeMs })
  }
  return count / ((performance.now() - begun) / 1000)
}
