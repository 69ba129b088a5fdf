import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { cachedDir } from './cached-dir.js'
import { withProgress } from '../progress.js'

/**
 * A dir with npm packages that only some tests need, such as another runtime: fetched through npm once, into the temp dir.
 *
 * @param name What they are for, and of which versions: another name is another dir.
 * @param packages With exact versions. Their install scripts do not run.
 */
export function fetchPackages(name: string, packages: readonly string[]): Promise<string> {
  return cachedDir(name, (empty) =>
    withProgress(`fetching ${packages.join(', ')} through npm, once`, async () => {
      writeFileSync(`${empty}/package.json`, '{ "private": true }')
      // By a runtime that may be another one than theirs.
      const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...packages]
      await promisify(execFile)('npm', args, { cwd: empty, timeout: 600_000 })
    }),
  )
}
