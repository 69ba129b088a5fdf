import { describe, expect, it, vi } from 'vitest'
import { digestOf } from '../../src/digest.js'
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

  it('signs alike, and refuses alike, in Node and where there is Web Crypto alone', async () => {
    const inNode = createCredentials([one, two])
    const credential = await inNode.sign(claim)
    const spy = vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined)
    const elsewhere = createCredentials([one, two])
    const digest = await digestOf('Ä\ud800')
    expect(await elsewhere.sign(claim)).toBe(credential)
    expect(await elsewhere.verify(credential)).toEqual(claim)
    expect(await elsewhere.verify(`${credential.slice(0, -2)}__`)).toBeUndefined()
    expect(await elsewhere.digests('code', 'ÄB')).toEqual(await inNode.digests('code', 'ÄB'))
    expect(spy, 'looked for in this runtime').toHaveBeenCalledWith('node:crypto')
    spy.mockRestore()
    expect(await digestOf('Ä\ud800')).toBe(digest)
  })

  it('signs where `process` has functions that throw, as on the edge of Next', async () => {
    const credential = await createCredentials([one]).sign(claim)
    const refuse = () => {
      throw new Error(
        'A Node.js API is used (process.getBuiltinModule) which is not supported in the Edge Runtime.',
      )
    }
    vi.stubGlobal('process', { env: {}, versions: undefined, getBuiltinModule: refuse })
    try {
      expect(await createCredentials([one]).renew(credential)).toBe(credential)
      expect(await digestOf('text')).toHaveLength(43)
    } finally {
      vi.unstubAllGlobals()
    }
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

  it('tells apart the credentials of different holders, which open the same session', async () => {
    const credentials = createCredentials([one])
    const holders = [undefined, 'phone', 'laptop']
    const signed = await Promise.all(holders.map((holder) => credentials.sign({ ...claim, holder })))
    expect(new Set(signed).size).toBe(3)
    expect(await Promise.all(signed.map((each) => credentials.verify(each)))).toEqual([claim, claim, claim])
    expect(await credentials.sign({ ...claim, holder: undefined })).toBe(await credentials.sign(claim))
  })

  it('reads no text that is longer than any credential can be', async () => {
    const credentials = createCredentials([one])
    const longest = { ref: { tenantId: 't', id: 'x'.repeat(3018) }, incarnation: 'i', generation: 10 }
    const credential = await credentials.sign(longest)
    expect(credential).toHaveLength(4096)
    expect(await credentials.verify(credential)).toEqual(longest)
    expect(await credentials.verify(await credentials.sign({ ...longest, generation: 100 }))).toBeUndefined()
    expect(await credentials.verify(7 as never)).toBeUndefined()
  })

  it('makes digests of a text for each secret, that of the signing one first', async () => {
    const both = await createCredentials([two, one]).digests('code', 'ABC')
    expect(both).toEqual([
      ...(await createCredentials([two]).digests('code', 'ABC')),
      ...(await createCredentials([one]).digests('code', 'ABC')),
    ])
    const others = await createCredentials([two]).digests('code', 'ABD')
    const inParts = await createCredentials([two]).digests('codeA', 'BC')
    for (const digest of [...both, ...others]) expect(digest).toMatch(/^[\w-]{43}$/)
    expect(new Set([...both, ...others, ...inParts]).size).toBe(4)
  })
})

it.each([
  [[undefined], '[0]', ' is undefined: is its environment variable set?'],
  [[one, null], '[1]', ' is no text'],
  [[one, 'short'], '[1]', ' is shorter than 32 bytes'],
  [[], '', ' is empty'],
  [one, '', ' must be a list'],
])('secrets are refused with what is wrong with them: %j', (secrets, place, what) => {
  const path = `credentialSecrets${place}`
  expect(() => createCredentials(secrets as never)).toThrow(
    expect.objectContaining({ code: 'invalid', message: `${path}${what}`, path }),
  )
})
