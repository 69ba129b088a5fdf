import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { findOnPath } from './find-on-path.js'
import { withMachineLock } from './machine-lock.js'
import { withProgress } from '../progress.js'

// Without a network apt would try for minutes, and another process of this system may hold its lock for as long.
const patience = [
  '-o',
  'Acquire::http::Timeout=15',
  '-o',
  'Acquire::Retries=1',
  '-o',
  'DPkg::Lock::Timeout=300',
]

/** Lets apt install Chromium into this system, which needs root. Throws with apt's message when it cannot. */
export async function installChromium(env: NodeJS.ProcessEnv): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('only root may install')
  const aptGet = findOnPath('apt-get', env['PATH'])
  if (aptGet === undefined) throw new Error('there is no apt-get here')
  const quiet = { ...env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args: string[]) =>
    promisify(execFile)(aptGet, [...patience, ...args], { env: quiet, maxBuffer: 1e8, timeout: 600_000 })
  const install = () => apt('install', '-y', '--no-install-recommends', 'chromium')
  await withMachineLock('fetch', () =>
    withProgress('there is no Chromium here: installing it with apt-get, once', async () => {
      // The lists may be missing, or older than the archive.
      await install().catch(async () => {
        await apt('update')
        await install()
      })
    }),
  )
}
