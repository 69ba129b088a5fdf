import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { afterAll, describe, expect, it } from 'vitest'
import { build, pnpm } from '../scripts/setup.mjs'

// What people install: each package as it is packed, judged by the tools that many judge packages with.
const root = resolve(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'sessions-packed-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const published = readdirSync(join(root, 'packages')).filter((name) => {
  const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as object
  return !('private' in manifest)
})

const [command, ...before]: string[] = await pnpm()
await build(...published.map((name) => `@sessions/${name}`))

function pack(name: string): Buffer {
  const to = join(folder, name)
  execFileSync(command!, [...before, 'pack', '--pack-destination', to], { cwd: join(root, 'packages', name) })
  return readFileSync(join(to, readdirSync(to)[0]!))
}

it('there are packages to judge', () => {
  expect(published).toEqual(expect.arrayContaining(['core', 'express', 'nest', 'next', 'store-redis']))
})

describe.each(published)('@sessions/%s, packed', (name) => {
  const tarball = pack(name)

  it('has nothing that publint warns of', async () => {
    const { buffer, byteOffset, byteLength } = tarball
    const data = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer
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
