import { describe, expect, it } from 'vitest'
import { createCredentials } from '../../src/domain/credential.js'

const one = 'one-secret-of-at-least-32-bytes-length'
const two = 'two-secret-of-at-least-32-bytes-length'
const claim = { ref: { tenantId: 'a.b"c', id: 'é😀' }, incarnation: 'i1', generation: 3 }

describe('createCredentials', () => {
  it('signs what it verifies', async () => {
    const credentials = createCredentials([one])
    const credential = await credentials.sign(claim)
    expect(credential).toMatch(/^[\w-]{8}\.[\w-]+\.3\.[\w-]{43}$/)
    expect(await credentials.verify(credential)).toEqual(claim)
  })

  it('verifies with every secret of the ring and signs with the first', async () => {
    const old = await createCredentials([one]).sign(claim)
    const rotated = createCredentials([two, one])
    expect(await rotated.verify(old)).toEqual(claim)
    expect(await createCredentials([two]).verify(await rotated.sign(claim))).toEqual(claim)
    expect(await createCredentials([two]).verify(old)).toBeUndefined()
  })

  it('signs a credential of an older secret with the first, and refuses one that no secret signed', async () => {
    const old = await createCredentials([one]).sign({ ...claim, holder: 'phone' })
    const rotated = createCredentials([two, one])
    const renewed = await rotated.renew(old)
    expect(renewed).toBe(await createCredentials([two]).sign({ ...claim, holder: 'phone' }))
    expect(await rotated.renew(renewed!)).toBe(renewed)
    expect(await createCredentials([two]).renew(old)).toBeUndefined()
    expect(await rotated.renew(`${old.slice(0, -2)}__`)).toBeUndefined()
    expect(await rotated.renew('nonsense')).toBeUndefined()
  })

  it('refuses every change of a single character, and junk', async () => {
    const credentials = createCredentials([one])
    const credential = await credentials.sign(claim)
    for (let index = 0; index < credential.length; index++) {
      const other = credential[index] === 'A' ? 'B' : 'A'
      const changed = credential.slice(0, index) + other + credential.slice(index + 1)
      expect(await credentials.verify(changed), changed).toBeUndefined()
    }
    const junk = [
      '',
      '.',
      '...',
      'a.b.c.d',
      `${credential}=`,
      `${credential}.x`,
      ` ${credential}`,
      'x'.repeat(5000),
      '\u0000',
    ]
    for (const text of junk) expect(await credentials.verify(text), text).toBeUndefined()
  })

  it('takes what it has signed for another purpose for no credential', async () => {
    const credentials = createCredentials(['a'.repeat(32)])
    const credential = await credentials.sign({
      ref: { tenantId: 'acme', id: 's' },
      incarnation: 'i',
      generation: 1,
    })
    const [kid, text, generation] = credential.split('.')
    const signed = `${kid}.${text}.${generation}`
    for (const parts of [[signed], [kid!, text!, generation!], ['list cursor', signed]]) {
      const [digest] = await credentials.digests(...parts)
      expect(await credentials.verify(`${signed}.${digest}`)).toBeUndefined()
    }
  })

  it('refuses no secret and a short one at the start', () => {
    expect(() => createCredentials([])).toThrow(expect.objectContaining({ path: 'credentialSecrets' }))
    expect(() => createCredentials([one, 'short'])).toThrow(
      expect.objectContaining({ path: 'credentialSecrets[1]' }),
    )
  })
})

it.each([
  [[undefined], 'credentialSecrets[0] is undefined: is its environment variable set?'],
  [[one, null], 'credentialSecrets[1] is no text'],
  [[one, 'short'], 'credentialSecrets[1] is shorter than 32 bytes'],
  [[], 'credentialSecrets is empty'],
  [one, 'credentialSecrets must be a list'],
])('secrets are refused with what is wrong with them: %j', (secrets, message) => {
  expect(() => createCredentials(secrets as never)).toThrow(
    expect.objectContaining({ code: 'invalid', message }),
  )
})
