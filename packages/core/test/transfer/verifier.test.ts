import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { memoryStore, newId } from '../../src/index.js'
import { apiFixture, ApiClient } from '../../src/testing.js'
import { anonymous, bob, codeOf, service } from '../service.js'

const verifier = 'what-only-the-app-of-these-tests-can-know-of-it'
const other = 'what-another-app-would-send-in-the-place-of-that'
const s256 = (text: string) => createHash('sha256').update(text).digest('base64url')
const challenge = s256(verifier)

async function begun(mode: 'move' | 'share' | 'copy' = 'share', options = {}) {
  const sessions = service(options)
  const mine = sessions.for(anonymous)
  const source = await mine.create({ title: 'Phones' })
  const credential = await source.credential()
  return { sessions, mine, source, credential, ...(await source.transfer({ mode, challenge })) }
}

describe('a transfer with a challenge', () => {
  it('is as RFC 7636 has it', async () => {
    const mine = service().for(anonymous)
    const source = await mine.create()
    // Appendix B.
    const { secret } = await source.transfer({
      mode: 'share',
      challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    })
    const known = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
    expect((await mine.redeem({ secret, verifier: known })).status).toBe('redeemed')
  })

  it.each(['secret', 'shortCode'] as const)(
    'opens by %s with its verifier, and in no other way',
    async (kind) => {
      for (const mode of ['move', 'share', 'copy'] as const) {
        const it = await begun(mode, { transfers: { maxTries: 10 } })
        const key = { [kind]: it[kind] }
        for (const wrong of [{}, { verifier: other }]) {
          expect(await codeOf(it.mine.describeTransfer({ ...key, ...wrong }))).toBe('not_found')
          expect(await codeOf(it.mine.redeem({ ...key, ...wrong }))).toBe('not_found')
        }
        // Nothing was spent.
        expect((await it.source.transfers())[0]!.status).toBe('open')
        expect((await it.mine.findByCredential(it.credential))?.id).toBe(it.source.id)
        expect((await it.mine.describeTransfer({ ...key, verifier })).sessionId).toBe(it.source.id)
        const redemptionId = newId()
        expect((await it.mine.redeem({ ...key, verifier, redemptionId })).status).toBe('redeemed')
        // The same again too, for the answer holds a credential.
        expect(await codeOf(it.mine.redeem({ ...key, redemptionId }))).toBe('not_found')
        expect((await it.mine.redeem({ ...key, verifier, redemptionId })).status).toBe('redeemed')
      }
    },
  )

  it('locks its caller after five wrong tries, missing ones too, and nobody else', async () => {
    let now = 1_700_000_000_000
    const { sessions, mine, source, secret } = await begun('share', {
      store: memoryStore({ clock: () => now }),
    })
    const tries = [{ verifier: other }, {}, { verifier: s256(verifier) }, {}, { verifier: other }]
    for (const each of tries) expect(await codeOf(mine.redeem({ secret, ...each }))).toBe('not_found')
    const locked = sessions.events.filter(({ type }) => type === 'transfer.locked')
    expect(locked).toMatchObject([{ sessionId: '', scope: 'caller' }])
    expect(await codeOf(mine.redeem({ secret, verifier }))).toBe('limit_reached')
    expect(await codeOf(mine.describeTransfer({ secret, verifier }))).toBe('limit_reached')
    // A lock tells nothing: it is the same for a secret that leads nowhere.
    await expect(mine.redeem({ secret: 'A'.repeat(43), verifier })).rejects.toMatchObject({
      code: 'limit_reached',
      path: 'verifier',
    })
    expect(await codeOf(mine.redeem({ secret }))).toBe('not_found')
    expect((await sessions.for(bob).describeTransfer({ secret, verifier })).sessionId).toBe(source.id)
    // Links that ask for no verifier go on working.
    const plain = await source.transfer({ mode: 'share' })
    expect(await codeOf(mine.redeem({ secret: plain.secret }))).toBe('settled')
    now += 120_000
    expect((await mine.redeem({ secret, verifier })).status).toBe('redeemed')
  })

  it('counts right tries as none', async () => {
    const { mine, secret, shortCode } = await begun()
    for (let index = 0; index < 20; index++) {
      expect(await codeOf(mine.describeTransfer({ secret, verifier }))).toBe('settled')
      expect(await codeOf(mine.describeTransfer({ shortCode, verifier }))).toBe('settled')
    }
  })

  it('cannot be swapped for one that somebody began without', async () => {
    const mine = service().for(anonymous)
    const { secret, shortCode } = await (await mine.create()).transfer({ mode: 'share' })
    expect(await codeOf(mine.redeem({ secret, verifier }))).toBe('not_found')
    expect(await codeOf(mine.redeem({ shortCode, verifier }))).toBe('not_found')
    expect(await codeOf(mine.redeem({ secret }))).toBe('settled')
  })

  it('waits for approval with the verifier', async () => {
    const mine = service().for(anonymous)
    const source = await mine.create()
    const { secret, transferId } = await source.transfer({ mode: 'move', confirm: 'source', challenge })
    expect(await codeOf(mine.redeem({ secret }))).toBe('not_found')
    const waiting = await mine.redeem({ secret, verifier })
    if (waiting.status !== 'pending') throw new Error('it is not pending')
    const { redemptionId, matchCode } = waiting
    await source.approveTransfer(transferId, matchCode)
    expect(await codeOf(mine.redeem({ secret, redemptionId }))).toBe('not_found')
    expect((await mine.redeem({ secret, verifier, redemptionId })).status).toBe('redeemed')
  })

  it.each([
    '',
    'short',
    verifier,
    `${challenge}A`,
    `${challenge.slice(0, 42)}B`,
    `${challenge.slice(0, 42)}=`,
  ])('is refused for the challenge %j', async (unusable) => {
    const source = await service().for(anonymous).create()
    // A verifier of 44 characters is no digest.
    await expect(source.transfer({ mode: 'share', challenge: unusable })).rejects.toMatchObject({
      code: 'invalid',
      path: 'challenge',
    })
  })

  it('refuses a verifier that cannot be one, whatever it is for, and counts nothing', async () => {
    const { mine, secret } = await begun()
    for (let index = 0; index < 6; index++) {
      for (const key of [{ secret }, { secret: 'A'.repeat(43) }]) {
        const asked = mine.redeem({ ...key, verifier: 'too short' })
        await expect(asked).rejects.toMatchObject({ code: 'invalid', path: 'verifier' })
      }
    }
    expect(await codeOf(mine.redeem({ secret, verifier }))).toBe('settled')
  })

  it('keeps the digest, and never the verifier', async () => {
    const inner = memoryStore()
    const given: string[] = []
    const commit: typeof inner.commit = (ref, change) => {
      given.push(JSON.stringify([ref, change]))
      return inner.commit(ref, change)
    }
    const { mine, secret } = await begun('share', { store: { ...inner, commit } })
    await mine.redeem({ secret, verifier })
    expect(given.join('\n')).toContain(challenge)
    expect(given.join('\n')).not.toContain(verifier)
  })
})

describe('over HTTP', () => {
  it('takes both, and answers what is wrong as what is not there', async () => {
    const api = apiFixture()
    const nobody = new ApiClient((path, init) => api.handle(new Request(`https://api.test${path}`, init)))
    const made = await nobody.post('/sessions', {})
    const held = { 'x-session-id': made.headers.get('x-session-id')! }
    const path = `/sessions/${made.body.session.id}/transfer`
    const { secret } = (await nobody.post(path, { mode: 'share', challenge }, held)).body
    const plain = (body: Record<string, unknown>) => ({ ...body, instance: undefined })
    const unknown = await nobody.post('/transfers/redeem', { secret: 'A'.repeat(43) })
    for (const body of [{ secret }, { secret, verifier: other }]) {
      const refused = await nobody.post('/transfers/redeem', body)
      expect([refused.status, plain(refused.body)]).toEqual([404, plain(unknown.body)])
      expect((await nobody.post('/transfers/describe', body)).status).toBe(404)
    }
    expect((await nobody.post('/transfers/describe', { secret, verifier })).status).toBe(200)
    expect((await nobody.post('/transfers/redeem', { secret, verifier })).body.status).toBe('redeemed')
    await nobody.post('/transfers/redeem', { secret, verifier: other })
    const locked = await nobody.post('/transfers/redeem', { secret, verifier })
    expect([locked.status, locked.body.path]).toEqual([429, 'verifier'])
    const refused = await nobody.post(path, { mode: 'share', challenge: 'x' }, held)
    expect([refused.status, refused.body.path]).toEqual([400, 'challenge'])
  })
})
