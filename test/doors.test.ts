import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { unnamedTypes } from './door-types.js'

const root = resolve(import.meta.dirname, '..')

interface Manifest {
  name: string
  description: string
  keywords: string[]
  private?: boolean
  version: string
  exports: Record<string, string | Record<string, string>>
  publishConfig?: { access: string; exports: Record<string, unknown> }
  scripts: Record<string, string>
  dependencies?: Record<string, string>
  sideEffects?: boolean
  typesVersions?: Record<string, Record<string, string[]>>
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8')) as Manifest

const published = readdirSync(join(root, 'packages')).filter((folder) => manifestOf(folder).private !== true)

/** The names a door gives, values and types, as its source spells them. */
function publicNames(file: string): string[] {
  const text = readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
  const listed = [...text.matchAll(/export\s+(?:type\s+)?\{([^}]*)\}/g)].flatMap(([, names]) =>
    names!.split(',').map((name) =>
      name
        .trim()
        .replace(/^type\s+/, '')
        .replace(/^.*\sas\s/, ''),
    ),
  )
  const declared = [
    ...text.matchAll(
      /export\s+(?:abstract\s+)?(?:async\s+)?(?:const|function|class|interface|type)\s+(\w+)/g,
    ),
  ].map(([, name]) => name!)
  expect(text, 'a door names what it gives').not.toMatch(/export\s+\*/)
  return [...new Set([...listed, ...declared])].filter((name) => name !== '').toSorted()
}

describe.each(published)('packages/%s', (folder) => {
  const manifest = manifestOf(folder)
  const doors = Object.entries(manifest.exports).filter(([door]) => door !== './package.json')

  it('opens the doors that it has, and those alone', () => {
    for (const [door, target] of doors) {
      const name = door === '.' ? 'index' : door.slice(2)
      expect(target).toEqual({
        '@sessions/source': `./src/${name}.ts`,
        types: `./dist/${name}.d.ts`,
        default: `./dist/${name}.js`,
      })
      expect(existsSync(join(root, 'packages', folder, 'src', `${name}.ts`)), `${name}.ts`).toBe(true)
      // What is published is the same but for the sources, which only this repository resolves.
      expect(manifest.publishConfig?.exports[door]).toEqual({
        types: `./dist/${name}.d.ts`,
        default: `./dist/${name}.js`,
      })
    }
    expect(Object.keys(manifest.publishConfig?.exports ?? {})).toEqual(Object.keys(manifest.exports))
  })

  it('can be found by who reads no exports: TypeScript with moduleResolution node10, old tools', () => {
    expect(manifest).toMatchObject({ main: './dist/index.js', types: './dist/index.d.ts' })
    const others = doors.map(([door]) => door.slice(2)).filter((name) => name !== '')
    const versions = others.map((name) => [name, [`./dist/${name}.d.ts`]] as const)
    expect(manifest.typesVersions?.['*'] ?? {}).toEqual(Object.fromEntries(versions))
  })

  it('exports every type that its signatures name', () => {
    const names = doors.map(([door]) => (door === '.' ? 'index' : door.slice(2)))
    expect(unnamedTypes(join(root, 'packages', folder), names)).toEqual([])
  })

  it('says what it is, for those who look for it, and takes the zod of the application', () => {
    expect(manifest.description.length).toBeGreaterThan(20)
    expect(manifest.keywords).toEqual(expect.arrayContaining(['session', 'llm']))
    const { zod = '^4' } = manifest.dependencies ?? {}
    expect(zod).toMatch(/^\^4/)
  })

  it('has no side effects and no install scripts', () => {
    expect(manifest.sideEffects).toBe(false)
    expect(Object.keys(manifest.scripts).filter((script) => /install|prepare/.test(script))).toEqual([])
  })
})

it('keeps the root of the core under a hundred names', () => {
  expect(publicNames(join(root, 'packages/core/src/index.ts')).length).toBeLessThan(100)
})

it('keeps the core to zod', () => {
  expect(Object.keys(manifestOf('core').dependencies ?? {})).toEqual(['zod'])
})

describe('the public names', () => {
  const doors = published.flatMap((folder) =>
    Object.keys(manifestOf(folder).exports)
      .filter((door) => door !== './package.json')
      .map((door) => ({
        folder,
        door,
        file: join(root, 'packages', folder, 'src', `${door === '.' ? 'index' : door.slice(2)}.ts`),
      })),
  )

  it.each(doors)('of $folder $door', async ({ folder, door, file }) => {
    // A new name is a promise: it shows up here, in the review of the change that makes it.
    await expect(`${publicNames(file).join('\n')}\n`).toMatchFileSnapshot(
      join(root, 'test', 'public-names', `${folder}${door === '.' ? '' : `-${door.slice(2)}`}.txt`),
    )
  })
})
