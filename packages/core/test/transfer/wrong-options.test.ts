import { expect, it } from 'vitest'
import { anonymous, service } from '../service.js'

const share = { mode: 'share' } as const

it.each([
  [{ mode: 'lend' }, 'mode', /^mode: /],
  [{ ...share, expiresInMs: 999 }, 'expiresInMs', /^expiresInMs: .*1000/],
  [{ ...share, expiresInMs: 900_001 }, 'expiresInMs', /^expiresInMs: .*900000/],
  [{ ...share, expiresInMs: 1000.5 }, 'expiresInMs', /^expiresInMs: /],
  [{ ...share, audience: '' }, 'audience', /^audience: must be 1 to 100 of A-Z a-z 0-9 _ \. : -$/],
  [{ ...share, audience: 'a'.repeat(101) }, 'audience', /must be 1 to 100/],
  [{ ...share, audience: 'phone!' }, 'audience', /must be 1 to 100/],
  [{ ...share, audience: '!phone' }, 'audience', /must be 1 to 100/],
  [{ ...share, confirm: 'both' }, 'confirm', /^confirm: /],
  [{ ...share, confirm: '' }, 'confirm', /^confirm: /],
  [{ ...share, returnTo: `/${'a'.repeat(2000)}` }, 'returnTo', /^returnTo: .*2000/],
  [{ ...share, challenge: 'x' }, 'challenge', /^challenge: must be SHA-256 of a verifier in base64url$/],
  [{ ...share, allowAnonymous: true }, 'allowAnonymous', /^allowAnonymous is for mode copy alone$/],
  [{ ...share, allowAnonymous: 'yes' }, 'allowAnonymous', /^allowAnonymous: /],
  [{ ...share, expiresIn: 5000 }, 'expiresIn', /^expiresIn/],
])('refuses %j', async (options, path, message) => {
  const source = await service().for(anonymous).create()
  await expect(source.transfer(options as never)).rejects.toMatchObject({
    code: 'invalid',
    path,
    message: expect.stringMatching(message),
  })
  expect(await source.transfers()).toEqual([])
})

it('takes what is at the edge of what it takes', async () => {
  const source = await service().for(anonymous).create()
  const returnTo = `/${'a'.repeat(1999)}`
  const audience = 'aZ09_.:-'.repeat(12)
  for (const options of [
    { expiresInMs: 1000, confirm: 'none' as const },
    { expiresInMs: 900_000, confirm: 'source' as const },
    { audience: 'p', allowAnonymous: false },
    { audience: `${audience}aaaa`, returnTo },
  ]) {
    const { expiresAt } = await source.transfer({ mode: 'share', ...options })
    const known = (await source.transfers()).find((each) => each.expiresAt === expiresAt)
    expect(known).toMatchObject({ mode: 'share' })
  }
  expect(await source.transfers()).toHaveLength(4)
})

it.each([
  ['redemtionId', { redemtionId: 'a redemption of mine' }],
  ['replce', { replce: true }],
  ['replace', { replace: 'no' }],
])('spends nothing when an option of a redemption is wrong: %s', async (path, options) => {
  const mine = service().for(anonymous)
  const { secret } = await (await mine.create()).transfer(share)
  for (const verb of ['redeem', 'describeTransfer'] as const) {
    const wrong = mine[verb]({ secret, ...options } as never)
    await expect(wrong).rejects.toMatchObject({ code: 'invalid', path })
  }
  expect((await mine.redeem({ secret })).status).toBe('redeemed')
})

it.each([undefined, null, 12, {}])(
  'approves no device by a match code that is no text: %j',
  async (matchCode) => {
    const mine = service().for(anonymous)
    const source = await mine.create()
    const { secret } = await source.transfer({ ...share, confirm: 'source' })
    await mine.redeem({ secret })
    const { transferId } = (await source.transfers())[0]!
    const approved = source.approveTransfer(transferId, matchCode as never)
    await expect(approved).rejects.toMatchObject({ code: 'invalid', path: 'matchCode' })
  },
)

it('is refused when origins are no list', () => {
  expect(() => service({ transfers: { returnToOrigins: 'https://shop.example' as never } })).toThrow(
    expect.objectContaining({ code: 'invalid', path: 'transfers.returnToOrigins' }) as Error,
  )
})
