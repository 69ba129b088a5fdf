import { execFileSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { packer } from './packed.js'

// Applications as people write them, each of which installs the packages as they are packed, from the registry what else
// it needs, and checks itself.
const root = resolve(import.meta.dirname, 'consumers')
const { folder, pack } = await packer(['core', 'express', 'nest', 'next'])
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Manifest {
  /** The packages of ours that it installs. */
  readonly sessions: readonly string[]
  readonly dependencies: Readonly<Record<string, string>>
}

const tarballs = Object.fromEntries(['core', 'express', 'nest', 'next'].map((name) => [name, pack(name)]))

it.each(readdirSync(root))('%s installs what is packed, and works', (project) => {
  const cwd = join(folder, project)
  cpSync(join(root, project), cwd, { recursive: true })
  const file = join(cwd, 'package.json')
  const { sessions, ...manifest } = JSON.parse(readFileSync(file, 'utf8')) as Manifest
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
})
