import { expect, it } from 'vitest'
import { memoryStore, type Redemption, SessionError, type SessionStore } from '../../src/index.js'
import { admitCopies } from '../../src/session/copy-admission.js'
import { anonymous, codeOf, service } from '../service.js'

const redemptionId = 'redemption-of-this-test'

/** A service on a store the calls of which are told, for sessions alone, and may go another way. */
function open() {
  const inner = memoryStore()
  const calls: string[] = []
  const ways: { before?: ((call: string, id: string) => Promise<void>) | undefined } = {}
  const told = async (call: string, { tenantId, id }: { tenantId: string; id: string }) => {
    if (tenantId !== anonymous.tenantId) return
    calls.push(`${call} ${id}`)
    await ways.before?.(call, id)
  }
  const store: SessionStore = {
    ...inner,
    read: async (ref, asked) => {
      await told('read', ref)
      return inner.read(ref, asked)
    },
    commit: async (ref, change) => {
      await told('commit', ref)
      return inner.commit(ref, change)
    },
  }
  const mine = service({ store }).for(anonymous)
  /** The calls that are about no session of these. */
  const callsBeside = (...ids: string[]) => calls.filter((call) => !ids.some((id) => call.endsWith(id)))
  return { mine, inner, calls, ways, callsBeside }
}

function redeemed(redemption: Redemption) {
  if (redemption.status === 'redeemed') return redemption
  throw new Error(`it is ${redemption.status}`)
}

it('is held up by no session that is gone, and names no page where nobody said one', async () => {
  const { mine, inner } = open()
  const { secret } = await (await mine.create()).transfer({ mode: 'share' })
  const holding = await mine.create()
  await inner.remove({ ...anonymous, id: holding.id })
  const redemption = redeemed(await mine.redeem({ secret, holding }))
  expect(redemption).not.toHaveProperty('returnTo')
})

it('spends nothing while it cannot look at the session that the device would leave', async () => {
  const { mine, ways } = open()
  const source = await mine.create()
  const { secret } = await source.transfer({ mode: 'share' })
  const holding = await mine.create()
  ways.before = async (_, id) => {
    if (id === holding.id) throw new SessionError('unavailable', 'down')
  }
  expect(await codeOf(mine.redeem({ secret, holding }))).toBe('unavailable')
  expect(await source.transfers()).toMatchObject([{ status: 'open' }])
})

it('tells the same redemption the same again, whatever session the device has by then', async () => {
  const { mine } = open()
  const { secret } = await (await mine.create()).transfer({ mode: 'share' })
  const first = redeemed(await mine.redeem({ secret, redemptionId }))
  const holding = await mine.create()
  const again = redeemed(await mine.redeem({ secret, redemptionId, holding }))
  expect(again.credential).toBe(first.credential)
})

it('makes a copy without a look whether there is one, and later finds it and makes none', async () => {
  const { mine, calls, callsBeside } = open()
  const source = await mine.create()
  const { secret } = await source.transfer({ mode: 'copy' })
  calls.length = 0
  const { session } = redeemed(await mine.redeem({ secret, redemptionId }))
  expect(callsBeside(source.id)[0]).toBe(`commit ${session.id}`)
  calls.length = 0
  expect(redeemed(await mine.redeem({ secret, redemptionId })).session.id).toBe(session.id)
  expect(new Set(callsBeside(source.id))).toEqual(new Set([`read ${session.id}`]))
})

it('finds the copy that another try of the same redemption has just made', async () => {
  const { mine, ways } = open()
  const source = await mine.create()
  const { secret } = await source.transfer({ mode: 'copy' })
  const all = { secret, redemptionId }
  let faster: ReturnType<typeof redeemed> | undefined
  ways.before = async (call, id) => {
    if (call !== 'commit' || id === source.id) return
    ways.before = undefined
    faster = redeemed(await mine.redeem(all))
  }
  const slower = redeemed(await mine.redeem(all))
  expect([slower.session.id, slower.credential]).toEqual([faster?.session.id, faster?.credential])
  expect((await mine.findByCredential(slower.credential))?.id).toBe(slower.session.id)
})

it('stays with the device whose copy failed, unless there is no room for it', async () => {
  const { mine, ways } = open()
  const source = await mine.create()
  const { secret } = await source.transfer({ mode: 'copy' })
  ways.before = async (call, id) => {
    if (call === 'commit' && id !== source.id) throw new SessionError('store_failed', 'no')
  }
  // The transfer is spent by then.
  expect(await codeOf(mine.redeem({ secret, redemptionId }))).toBe('unknown_outcome')
  ways.before = undefined
  expect(await codeOf(mine.redeem({ secret, redemptionId: 'of-another-device' }))).toBe('not_found')
  expect((await mine.redeem({ secret, redemptionId })).status).toBe('redeemed')
})

it('makes a copy only where copies of the caller are admitted', async () => {
  const { mine } = open()
  const source = await mine.create()
  const asked: string[] = []
  const limited = admitCopies(mine, async ({ ref }) => {
    asked.push(ref.id)
    if (asked.length === 1) throw new SessionError('limit_reached', 'later')
  })
  const { secret } = await source.transfer({ mode: 'copy' })
  expect(await codeOf(limited.redeem({ secret, redemptionId }))).toBe('limit_reached')
  expect(redeemed(await limited.redeem({ secret, redemptionId })).session.id).not.toBe(source.id)
  expect(asked).toEqual([source.id, source.id, source.id])
})
