import { execFile } from 'node:child_process'
import { chmodSync, chownSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cachedDir } from '../../find/cached-dir.js'
import type { PostgresBinaries } from '../../find/find-postgres.js'
import { patienceMs } from '../../wait-until.js'
import { createWorkDir, removeWorkDir } from '../../process/work-dir.js'

/**
 * Makes the dir `data` of a PostgreSQL in its work dir. `initdb` takes two seconds of a core and every file of tests
 * starts a server: it runs once for each version, and what it made is copied.
 */
export async function createPostgresData(
  found: PostgresBinaries,
  workDir: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const { version, source, account } = found
  const name = `postgres-data-${source}-${version}-${process.arch}`
  const template = await cachedDir(name, (dir) => fill(dir, found, env))
  if (account) chownSync(workDir, account.uid, account.gid)
  await runAs(found, 'cp', ['-R', join(template, 'data'), workDir], workDir, env)
  // PostgreSQL refuses data that others can read.
  chmodSync(join(workDir, 'data'), 0o700)
}

async function fill(dir: string, found: PostgresBinaries, env: NodeJS.ProcessEnv): Promise<void> {
  // Made where its account may write, and kept where nobody but us does.
  const workDir = createWorkDir('postgres')
  try {
    if (found.account) chownSync(workDir, found.account.uid, found.account.gid)
    const data = join(workDir, 'data')
    const args = ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '--locale=C', '-E', 'UTF8']
    await runAs(found, join(found.bin, 'initdb'), args, workDir, env)
    await promisify(execFile)('cp', ['-R', data, dir])
    // The account that copies it need not be the one that has it.
    await promisify(execFile)('chmod', ['-R', 'a+rX', dir])
  } finally {
    removeWorkDir(workDir)
  }
}

async function runAs(
  { account }: PostgresBinaries,
  command: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const { uid, gid } = account ?? {}
  await promisify(execFile)(command, args, { uid, gid, cwd, env, timeout: patienceMs })
}
