import { describe, expect, it } from 'vitest'
import { memoryStore, type SessionStore } from '../../src/index.js'
import type { ErasureReceipt } from '../../src/privacy.js'
import { wrapStore } from '../../src/testing.js'
import { changingStore } from '../changing-store.js'
import { service } from '../service.js'
import { dumpOf, erasing, settings, user, withUserData } from './user-data.js'

/** A store each of whose calls takes as many turns of the event loop as a row of numbers says. */
function slowStore(inner: SessionStore, seed: number): SessionStore {
  let state = seed
  return wrapStore(inner, async (_, make) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    for (let turn = (state >>> 16) % 8; turn > 0; turn--)
      await new Promise((resolve) => setImmediate(resolve))
    return make()
  })
}

describe('two processes that erase one user at the same moment count what was there', () => {
  it('when one erases the user between any two calls of the other', async () => {
    for (let at = 1, calls = 1; at <= calls; at += 3) {
      const inner = memoryStore()
      const { counts } = await withUserData(inner)
      const other = service({ store: inner, ...settings })
      const meeting = changingStore(inner, (call) => (call === at ? other.privacy.erase(erasing) : undefined))
      const receipt = await service({ store: meeting.store, ...settings }).privacy.erase(erasing)
      calls = meeting.calls.length
      expect(receipt.counts, `after call ${at}`).toEqual(counts)
      expect(await dumpOf(inner, 'acme')).not.toContain(user.userId)
    }
  })

  it('when their calls come in any order', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const inner = memoryStore()
      const { counts } = await withUserData(inner)
      const receipts = await Promise.all(
        [seed, seed + 1000].map((each) =>
          service({ store: slowStore(inner, each), ...settings }).privacy.erase(erasing),
        ),
      )
      for (const receipt of receipts) expect(receipt.counts, `seed ${seed}`).toEqual(counts)
      // One that begins when the other is done looks again, and says when it did.
      const [one, other] = receipts as [ErasureReceipt, ErasureReceipt]
      expect(other).toEqual({ ...one, erasedAt: other.erasedAt, signature: other.signature })
      expect(await dumpOf(inner, 'acme')).not.toContain(user.userId)
    }
  })
})
