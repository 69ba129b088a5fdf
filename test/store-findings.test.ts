import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')

/** The codes of findings that the sources of a store or of the core have, by how they make them. */
function codesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(root, folder, file), 'utf8'))
    .filter((text) => text.includes('StoreFinding'))
    .flatMap((text) =>
      [
        ...text.matchAll(
          /\b(?:error|warning|warn|refusals)\(\s*'([a-z_]+)'|level: '[a-z]+',\s*code: '([a-z_]+)'/g,
        ),
      ].map(([, called, written]) => called ?? written!),
    )
}

test('docs/telemetry.md has the codes of all findings of checkStore', () => {
  const section = readFileSync(join(root, 'docs/telemetry.md'), 'utf8').split('## The store, at start')[1]!
  const documented = [...section.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, code]) => code!)
  const packages = ['core', 'store-postgres', 'store-redis', 'store-sqlite']
  const known = new Set(packages.flatMap((name) => codesOf(`packages/${name}/src`)))
  // Its row is that of the codes of errors.
  known.delete('internal')
  expect(documented.toSorted()).toEqual([...known].toSorted())
})
