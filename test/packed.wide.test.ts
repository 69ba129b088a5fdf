import { readFileSync, rmSync } from 'node:fs'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { afterAll, describe, expect, it } from 'vitest'
import { packer, published } from './packed.js'
import { bundle } from './weigh.js'

// What people install: each package as it is packed, judged by the tools that many judge packages with.
const { folder, pack } = await packer(published)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('there are packages to judge', () => {
  expect(published).toEqual(expect.arrayContaining(['core', 'express', 'nest', 'next', 'store-redis']))
})

it.each([
  ['createSessions', `export { createSessions, memoryStore } from '@sessions/core'`, 49],
  ['the store on Redis', `export { redisStore } from '@sessions/store-redis'`, 20],
  ['the listener of webhooks', `export { webhookListener } from '@sessions/core/listeners'`, 4],
  // Needs a seam in the build of the core.
  ['the proxy of Next', `export { sessionsProxy } from '@sessions/next/proxy'`, 5.2],
])('of the joined modules, a bundle of %s takes no more than of the sources', async (_, code, most) => {
  const { first, wanted } = await bundle(code, { without: ['next', 'zod'], built: true })
  expect(first).toBeLessThan(most)
  expect(wanted).toEqual([])
})

describe.each(published)('@sessions/%s, packed', (name) => {
  const tarball = readFileSync(pack(name))

  it('has nothing that publint warns of', async () => {
    const { buffer, byteOffset, byteLength } = tarball
    const data = buffer.slice(byteOffset, byteOffset + byteLength)
    const { messages } = await publint({ pack: { tarball: data }, level: 'suggestion', strict: true })
    expect(messages).toEqual([])
  })

  it('gives TypeScript its types, whichever way modules are resolved', async () => {
    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball)))
    // Packages are ES modules: `require` loads them from Node 20.19 on, which this tool does not know.
    const problems = (analysis.types === false ? [{ kind: 'no types' }] : analysis.problems).filter(
      ({ kind }) => kind !== 'CJSResolvesToESM',
    )
    expect(problems).toEqual([])
  })
})
