import { afterEach, expect, it, vi } from 'vitest'
import { memoryStore } from '../../src/index.js'
import { alice, anonymous, codeOf, service } from '../service.js'

afterEach(() => void vi.restoreAllMocks())

const credentialSecrets = ['a secret that only these tests may know']

/** Has the next secrets of transfers be of these bytes; other random numbers stay random. */
function drawn(...bytes: readonly number[]) {
  const random = crypto.getRandomValues.bind(crypto)
  const left = [...bytes]
  vi.spyOn(crypto, 'getRandomValues').mockImplementation((into) => {
    const next = into !== null && into.byteLength === 32 ? left.shift() : undefined
    return next === undefined ? random(into as never) : (into as Uint8Array).fill(next)
  })
  return left
}

async function place(identity: { tenantId: string; userId?: string } = anonymous) {
  const store = memoryStore()
  const mine = service({ store, credentialSecrets }).for(identity)
  const begin = async () => {
    const source = await mine.create()
    return { source, ...(await source.transfer({ mode: 'share' })) }
  }
  const kept = async () => (await store.list({ tenantId: '~transfers:acme', limit: 10 })).items
  return { store, mine, begin, kept }
}

it('draws again when a code is in use, and leaves to the other what is its own', async () => {
  const { mine, begin, kept } = await place()
  const left = drawn(1, 1, 1, 2)
  const [one, two] = [await begin(), await begin()]
  expect([left, one.shortCode === two.shortCode, (await kept()).length]).toEqual([[], false, 2])
  for (const { secret, shortCode, source } of [one, two]) {
    expect((await mine.describeTransfer({ secret })).sessionId).toBe(source.id)
    expect((await mine.describeTransfer({ shortCode })).sessionId).toBe(source.id)
  }
})

it('gives up when every code is in use', async () => {
  const { begin, kept } = await place()
  const left = drawn(1, ...Array.from({ length: 11 }, () => 1))
  await begin()
  await expect(begin()).rejects.toMatchObject({
    code: 'store_failed',
    message: 'No transfer could be stored.',
  })
  expect([left.length, (await kept()).length]).toEqual([1, 1])
})

it('is found by the digest of its code, names its user, and is bound to what it opens', async () => {
  const { store, mine, begin, kept } = await place(alice)
  drawn(1)
  const one = await begin()
  // A process of another version has to find it.
  expect(await kept()).toMatchObject([{ id: 'sZBoK89eDZUCBdNcl7m4lKJ0fPaGOUYRJNFXdMIhWAY', userId: 'alice' }])
  const two = await begin()
  const records = await kept()
  const [mineOf, other] = await Promise.all(records.map(async (record) => store.read(record)))
  const isFirst = mineOf!.body.includes(one.source.id)
  const [kept1, kept2] = isFirst ? [mineOf!, other!] : [other!, mineOf!]
  // Who can write to the store cannot have one secret open what another one is for.
  const { secret } = JSON.parse(kept1.body) as { secret: string }
  const swapped = { ...(JSON.parse(kept2.body) as object), secret }
  await store.commit(kept1.record, { revision: kept1.record.revision, body: JSON.stringify(swapped) })
  expect(await codeOf(mine.describeTransfer({ secret: one.secret }))).toBe('not_found')
  expect((await mine.describeTransfer({ secret: two.secret })).sessionId).toBe(two.source.id)
})
