import { expect, it } from 'vitest'
import { memoryStore, SessionError, type SessionStore, type TransferOptions } from '../../src/index.js'
import { anonymous, codeOf, service } from '../service.js'

const redemptionId = 'redemption-of-this-test'
const usualMs = 300_000

/** A session on a store with a clock of the test, and what may happen just before a session is written. */
async function open() {
  let now = 1_700_000_000_000
  const inner = memoryStore({ clock: () => now })
  const ways: { before?: (() => Promise<unknown>) | undefined } = {}
  const store: SessionStore = {
    ...inner,
    commit: async (ref, change) => {
      const { before } = ways
      if (ref.tenantId === anonymous.tenantId && before !== undefined) {
        ways.before = undefined
        await before()
      }
      return inner.commit(ref, change)
    },
  }
  const sessions = service({ store })
  const mine = sessions.for(anonymous)
  const source = await mine.create()
  const begin = (options: Partial<TransferOptions> = {}) => source.transfer({ mode: 'share', ...options })
  const told = (type: string) => sessions.events.filter((event) => event.type === type)
  return { mine, source, begin, told, ways, pass: (ms: number) => (now += ms), now: () => now }
}

it('lists what each transfer is, from its beginning to its end', async () => {
  const { mine, source, begin } = await open()
  const { secret, transferId, expiresAt } = await begin({ audience: 'phone', confirm: 'source' })
  const listed = { transferId, mode: 'share', audience: 'phone', expiresAt }
  expect(await source.transfers()).toEqual([{ ...listed, status: 'open' }])
  const waiting = await mine.redeem({ secret, audience: 'phone', redemptionId })
  const { matchCode } = waiting as { matchCode: string }
  expect(await source.transfers()).toEqual([{ ...listed, status: 'waiting', matchCode }])
  await source.approveTransfer(transferId, matchCode)
  expect(await source.transfers()).toEqual([{ ...listed, status: 'approved', matchCode }])
  await mine.redeem({ secret, audience: 'phone', redemptionId })
  expect(await source.transfers()).toEqual([{ ...listed, status: 'redeemed' }])
  const other = await begin()
  const plain = { transferId: other.transferId, mode: 'share', expiresAt: other.expiresAt, status: 'open' }
  const last = (await source.transfers()).at(-1)!
  expect(last).toEqual(plain)
  expect(last).not.toHaveProperty('audience')
})

it('lists none that is over, be it by its time or by another one', async () => {
  const { mine, source, begin, pass } = await open()
  await begin()
  pass(usualMs - 1)
  await source.append({ role: 'user', content: 'Hi' })
  expect(await source.transfers()).toHaveLength(1)
  pass(1)
  await source.append({ role: 'user', content: 'Hi' })
  expect(await source.transfers()).toEqual([])
  await begin()
  const { secret, transferId } = await begin({ mode: 'move' })
  const moved = await mine.redeem({ secret })
  if (moved.status !== 'redeemed') throw new Error(`it is ${moved.status}`)
  expect(await moved.session.transfers()).toMatchObject([{ transferId, status: 'redeemed' }])
})

it('tells who may redeem it, and whether the source has to approve', async () => {
  const { begin, told } = await open()
  await begin({ audience: 'phone', confirm: 'source' })
  await begin()
  expect(told('transfer.created')).toMatchObject([
    { audience: 'phone', confirm: true },
    { audience: undefined, confirm: false },
  ])
})

it('tells by itself of what ran out, and of no transfer that had ended before', async () => {
  const { mine, source, begin, told, pass } = await open()
  await mine.redeem({ secret: (await begin()).secret })
  const late = await begin()
  pass(usualMs)
  const { transferId } = await begin()
  const expired = { actor: 'system', sessionId: source.id }
  expect(told('transfer.expired')).toMatchObject([{ ...expired, transferId: late.transferId }])
  pass(usualMs)
  expect(await codeOf(source.revokeTransfer(transferId))).toBe('not_found')
  expect(told('transfer.expired').slice(1)).toMatchObject([{ ...expired, transferId }])
})

it('gives a short code as long as the service says, and no longer than the transfer', async () => {
  const { begin, now } = await open()
  const usual = await begin()
  expect([usual.expiresAt, usual.shortCodeExpiresAt]).toEqual([now() + usualMs, now() + 120_000])
  const short = await begin({ expiresInMs: 60_000 })
  expect([short.expiresAt, short.shortCodeExpiresAt]).toEqual([now() + 60_000, now() + 60_000])
})

it('ends the one that is named, and none where there is no such one', async () => {
  const { source, begin, told } = await open()
  expect(await codeOf(source.revokeTransfer('none'))).toBe('not_found')
  const [first, second] = [await begin(), await begin()]
  expect(await codeOf(source.revokeTransfer('none'))).toBe('not_found')
  await source.revokeTransfer(second.transferId)
  expect((await source.transfers()).map(({ transferId }) => transferId)).toEqual([first.transferId])
  expect(told('transfer.revoked')).toMatchObject([{ transferId: second.transferId }])
})

it('says what is wrong with an approval', async () => {
  const { mine, source, begin } = await open()
  const { secret, transferId } = await begin({ confirm: 'source' })
  await expect(source.approveTransfer(transferId, '00')).rejects.toMatchObject({
    code: 'conflict',
    message: 'No device waits for approval.',
  })
  await mine.redeem({ secret, redemptionId })
  await expect(source.approveTransfer(transferId, 'none')).rejects.toMatchObject({
    code: 'invalid',
    path: 'matchCode',
    message: expect.stringContaining('is not the number'),
  })
})

it('begins none when its session could not be written, or its credentials were voided meanwhile', async () => {
  const { mine, source, begin, ways } = await open()
  ways.before = () => Promise.reject(new SessionError('store_failed', 'no'))
  expect(await codeOf(begin())).toBe('store_failed')
  const other = (await mine.findByCredential(await source.credential()))!
  ways.before = () => other.rotateCredential()
  expect(await codeOf(begin())).toBe('not_found')
  expect(await other.transfers()).toEqual([])
})
