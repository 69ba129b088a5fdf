import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build, pnpm } from '../scripts/setup.mjs'

const root = resolve(import.meta.dirname, '..')

/** The packages that people install, by the name of their folder. */
export const published: readonly string[] = readdirSync(join(root, 'packages')).filter((name) => {
  const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as object
  return !('private' in manifest)
})

/** Builds these packages. @returns A folder of its own, and what packs one of the packages into it: the tarball's path. */
export async function packer(names: readonly string[]): Promise<{
  folder: string
  pack: (name: string) => string
}> {
  const [command, ...before]: string[] = await pnpm()
  await build(...names.map((name) => `@sessions/${name}`))
  const folder = mkdtempSync(join(tmpdir(), 'sessions-packed-'))
  const pack = (name: string): string => {
    const to = join(folder, name)
    execFileSync(command!, [...before, 'pack', '--pack-destination', to], {
      cwd: join(root, 'packages', name),
    })
    return join(to, readdirSync(to)[0]!)
  }
  return { folder, pack }
}
