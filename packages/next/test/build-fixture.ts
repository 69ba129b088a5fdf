import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** What `next build` said. */
    buildLog: string
  }
}

const root = resolve(import.meta.dirname, '../../..')

/** Builds the application and what it is made of; a build that is there already is taken from the cache. */
export async function setup(project: TestProject): Promise<void> {
  const name = project.name === 'next-15' ? '@sessions/next-15' : '@sessions/next-16'
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['scripts/turbo.mjs', 'run', 'build', `--filter=${name}`, '--output-logs=full'],
    { cwd: root, env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' }, maxBuffer: 1e8 },
  ).catch((error: Error & { stdout?: string }) => {
    throw new Error(`The application was not built:\n${error.stdout ?? error.message}`)
  })
  const log = stdout.split('\n').filter((line) => line.startsWith(`${name}:build:`))
  project.provide('buildLog', log.join('\n'))
}
