import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { migrate } from '@sessions/store-postgres'
import { databaseUrl } from '@sessions/testkit'
import { packer } from '../../../test/packed.js'
import { NextApp, nodeOf, type nodeVersions } from './next-app.js'
import { Provider } from './provider.js'

const ours = ['core', 'next', 'ai-sdk', 'store-postgres', 'store-redis']

/** Our packages as they are packed: `@sessions/core=file:...`, as npm takes them. */
export async function tarballs(): Promise<{ specs: string[]; remove: () => void }> {
  const { folder, pack } = await packer(ours)
  const specs = ours.map((name) => `@sessions/${name}@file:${pack(name)}`)
  return { specs, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** What an application under test talks to. */
export async function surroundings() {
  const provider = await Provider.listen()
  const settings = {
    DATABASE_URL: await databaseUrl(),
    SESSION_SECRET: 'a secret of at least 32 characters',
    OPENAI_API_KEY: 'a-key',
    OPENAI_BASE_URL: provider.url,
    REDIS_URL: '',
  }
  return { provider, settings }
}

const lab = resolve(import.meta.dirname, '../next16')

/**
 * The laboratory of `useChat`, built with packages as users install them.
 *
 * @param packages Those of the AI SDK, with their versions.
 */
export async function installedLab(packages: readonly string[], major: keyof typeof nodeVersions) {
  const { provider, settings } = await surroundings()
  await migrate(settings.DATABASE_URL)
  const folder = mkdtempSync(join(tmpdir(), 'sessions-lab-'))
  const app = new NextApp(folder, await nodeOf(major), settings)
  for (const name of ['app', 'lib', 'next.config.ts']) {
    cpSync(join(lab, name), join(folder, name), { recursive: true })
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  const paths = { '@/*': ['./*'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { paths } }))
  const packed = await tarballs()
  const others = ['next@16', 'react@19', 'react-dom@19', 'pg@8', 'kysely@0.28', 'ioredis@6', 'zod@4']
  const types = ['typescript@5', '@types/node@22', '@types/react@19']
  const all = [...packed.specs, ...others, ...types, ...packages]
  await app.run('npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', ...all)
  packed.remove()
  await app.build()
  const remove = (): void => {
    app.stop()
    provider.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  }
  return { app, provider, remove }
}
