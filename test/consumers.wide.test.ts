import { execFileSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { packer } from './packed.js'

// Applications as people write them, each of which installs the packages as they are packed, from the registry what else
// it needs, and checks itself.
const root = resolve(import.meta.dirname, 'consumers')
const projects = readdirSync(root).map((name) => ({
  name,
  manifest: JSON.parse(readFileSync(join(root, name, 'package.json'), 'utf8')) as Manifest,
}))
const wanted = [...new Set(projects.flatMap(({ manifest }) => manifest.sessions))]
const { folder, pack } = await packer(wanted)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Manifest {
  /** The packages of ours that it installs. */
  readonly sessions: readonly string[]
  readonly dependencies: Readonly<Record<string, string>>
}

const tarballs = Object.fromEntries(wanted.map((name) => [name, pack(name)]))

it.each(projects)(
  '$name installs what is packed, and works',
  ({ name: project, manifest: { sessions, ...manifest } }) => {
    const cwd = join(folder, project)
    cpSync(join(root, project), cwd, { recursive: true })
    const file = join(cwd, 'package.json')
    const ours = sessions.map((name) => [`@sessions/${name}`, `file:${tarballs[name]}`])
    const dependencies = { ...manifest.dependencies, ...(Object.fromEntries(ours) as object) }
    writeFileSync(file, JSON.stringify({ ...manifest, dependencies }))
    const { NODE_OPTIONS: _, NODE_ENV: __, VITEST: ___, ...inherited } = process.env
    const env = { ...inherited, NEXT_TELEMETRY_DISABLED: '1' }
    for (const args of [
      ['install', '--no-audit', '--no-fund', '--ignore-scripts'],
      ['run', 'check'],
    ]) {
      let said = ''
      try {
        execFileSync('npm', args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
      } catch (error) {
        const { stdout, stderr } = error as { stdout: string; stderr: string }
        said = `npm ${args.join(' ')}:\n${stdout}\n${stderr}`
      }
      expect(said).toBe('')
    }
  },
)
