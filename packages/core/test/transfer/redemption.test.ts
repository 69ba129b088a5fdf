import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { createSessions, memoryStore, SessionError, type SessionStore } from '../../src/index.js'
import { anonymous, codeOf, service } from '../service.js'

const redemptionId = 'redemption-of-this-test'
const s256 = (text: string) => createHash('sha256').update(text).digest('base64url')

it('takes either a secret or a code, and names that opens something', async () => {
  const mine = service().for(anonymous)
  const { secret, shortCode } = await (await mine.create()).transfer({ mode: 'share' })
  for (const key of [{}, { secret, shortCode }]) {
    await expect(mine.redeem(key)).rejects.toMatchObject({
      code: 'invalid',
      path: 'secret',
      message: 'secret: give either a secret or a shortCode',
    })
  }
  for (const [wrong, path, message] of [
    [{ caller: 7 }, 'caller', /caller/],
    [{ redemptionId: 'x'.repeat(15) }, 'redemptionId', /redemptionId/],
    [{ redemptionId: 'x'.repeat(201) }, 'redemptionId', /redemptionId/],
    [{ audience: 'a b' }, 'audience', /must be 1 to 100/],
    [{ shortCode: 'x'.repeat(201) }, 'shortCode', /200/],
    [{ verifier: 'x'.repeat(42) }, 'verifier', /must be 43 to 128 of A-Z a-z 0-9 - \. _ ~/],
    [{ verifier: 'x'.repeat(129) }, 'verifier', /must be 43 to 128/],
    [{ verifier: `${'x'.repeat(43)}!` }, 'verifier', /must be 43 to 128/],
    [{ verifier: `!${'x'.repeat(43)}` }, 'verifier', /must be 43 to 128/],
  ] as const) {
    await expect(mine.redeem({ shortCode, ...wrong } as never)).rejects.toMatchObject({
      code: 'invalid',
      path,
      message: expect.stringMatching(message),
    })
  }
  expect((await mine.redeem({ shortCode, redemptionId: 'x'.repeat(16) })).status).toBe('redeemed')
})

it('opens by its code nothing that a verifier is asked for, be it the one that says nothing', async () => {
  const mine = service().for(anonymous)
  const source = await mine.create()
  const { shortCode } = await source.transfer({ mode: 'share', challenge: s256('') })
  expect(await codeOf(mine.redeem({ shortCode }))).toBe('not_found')
})

it('is no transfer where its session is gone from the store, or has forgotten it', async () => {
  const store = memoryStore()
  const mine = service({ store }).for(anonymous)
  const ends = {
    gone: async (ref: { tenantId: string; id: string }) => store.remove(ref),
    forgotten: async (ref: { tenantId: string; id: string }) => {
      const { record, body } = (await store.read(ref))!
      const { transfers: _, ...others } = JSON.parse(body) as Record<string, unknown>
      await store.commit(ref, { revision: record.revision, body: JSON.stringify(others) })
    },
  }
  for (const end of Object.values(ends)) {
    const source = await mine.create()
    const { secret, shortCode } = await source.transfer({ mode: 'share' })
    await end(source.ref)
    for (const key of [{ secret }, { shortCode }]) {
      await expect(mine.redeem(key)).rejects.toMatchObject({
        code: 'not_found',
        message: 'There is no such transfer.',
      })
    }
  }
})

it('says when a missing verifier cannot be counted, and spends nothing', async () => {
  const inner = memoryStore()
  let isAway = true
  const store: SessionStore = {
    ...inner,
    commit: async (ref, change) => {
      if (isAway && ref.tenantId === '~tries:acme') throw new SessionError('unavailable', 'away')
      return inner.commit(ref, change)
    },
  }
  const mine = service({ store }).for(anonymous)
  const verifier = 'what-only-the-app-of-these-tests-can-know-of-it'
  const { secret } = await (await mine.create()).transfer({ mode: 'share', challenge: s256(verifier) })
  expect(await codeOf(mine.redeem({ secret }))).toBe('unavailable')
  isAway = false
  expect(await codeOf(mine.redeem({ secret }))).toBe('not_found')
  expect((await mine.redeem({ secret, verifier })).status).toBe('redeemed')
})

it('is described by what it is: its page, its items and messages, and who has to approve', async () => {
  const sessions = service()
  const mine = sessions.for(anonymous)
  const source = await mine.create({ messages: [{ role: 'user', content: 'Hi' }] })
  await source.reset()
  await source.append({ role: 'user', content: 'Ho' })
  const { secret, transferId, expiresAt } = await source.transfer({ mode: 'share', returnTo: '/checkout' })
  expect(await mine.describeTransfer({ secret })).toEqual({
    transferId,
    mode: 'share',
    sessionId: source.id,
    messageCount: 1,
    itemCount: 0,
    needsApproval: false,
    expiresAt,
    returnTo: '/checkout',
  })
  const other = await source.transfer({ mode: 'move', confirm: 'source' })
  const described = await mine.describeTransfer({ secret: other.secret })
  expect(described).toMatchObject({ mode: 'move', needsApproval: true })
  expect(Object.keys(described)).not.toContain('returnTo')
  // The look of each is told; what they are redeemed for is told to the letter.
  await mine.redeem({ secret, redemptionId })
  const waiting = await mine.redeem({ secret: other.secret, redemptionId })
  await source.approveTransfer(other.transferId, (waiting as { matchCode: string }).matchCode)
  await mine.redeem({ secret: other.secret, redemptionId })
  const told = sessions.events.filter(({ type }) => /redeemed|rotated/.test(type))
  expect(told).toMatchObject([
    { type: 'transfer.redeemed', transferId, mode: 'share', actor: 'anonymous', copySessionId: undefined },
    { type: 'transfer.redeemed', transferId: other.transferId, mode: 'move', copySessionId: undefined },
    { type: 'credential.rotated', generation: expect.any(Number) as number, actor: 'anonymous' },
  ])
})

it('tells the same again after the secrets of the service were changed', async () => {
  const store = memoryStore()
  const [one, two] = ['the first secret of these tests!', 'the second secret of these tests']
  const before = createSessions({ store, credentialSecrets: [one] }).for(anonymous)
  const after = createSessions({ store, credentialSecrets: [two, one] }).for(anonymous)
  const { secret } = await (await before.create()).transfer({ mode: 'share' })
  await before.redeem({ secret, redemptionId })
  expect((await after.redeem({ secret, redemptionId })).status).toBe('redeemed')
  expect(await codeOf(after.redeem({ secret, redemptionId: 'of-another-device' }))).toBe('not_found')
})

it('needs no room in a session that is full, nor does what takes it back', async () => {
  const store = memoryStore()
  const limits = { maxSessionLength: 4096, maxSessions: 2 }
  const sessions = service({ store, limits })
  const mine = sessions.for(anonymous)
  const source = await mine.create()
  const other = await mine.create()
  const [move, copy] = [await source.transfer({ mode: 'move' }), await source.transfer({ mode: 'copy' })]
  const { length } = (await store.read(source.ref))!.body
  await source.state.merge({ text: 'x'.repeat(4000 - length) })
  expect(await codeOf(mine.redeem({ secret: copy.secret, redemptionId }))).toBe('limit_reached')
  await other.delete()
  // The copy was given back, so another device may have it.
  expect((await mine.redeem({ secret: copy.secret, redemptionId: 'of-another-device' })).status).toBe(
    'redeemed',
  )
  expect((await mine.redeem({ secret: move.secret, redemptionId })).status).toBe('redeemed')
})
