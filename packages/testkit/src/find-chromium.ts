import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { promisify } from 'node:util'
import { findOnPath } from './find-on-path.js'
import { progress } from './progress.js'

const run = promisify(execFile)
const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

/** How long Debian's mirrors may take to bring a browser, in milliseconds. */
export const chromiumInstallMs = 600_000

/**
 * Where Chromium is: at `CHROMIUM_PATH`, on the `PATH`, or, on Debian and for root, where it gets installed now.
 *
 * @throws when there is none and none can be had.
 */
export async function findChromium(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const given = env['CHROMIUM_PATH']
  if (given !== undefined && given !== '') {
    await access(given, constants.X_OK).catch((cause: unknown) => {
      throw new Error(`CHROMIUM_PATH=${given} is nothing that can be run.`, { cause })
    })
    return given
  }
  return find(env) ?? install(env)
}

function find(env: NodeJS.ProcessEnv): string | undefined {
  const path = `${env['PATH'] ?? ''}:/usr/bin`
  return names.map((name) => findOnPath(name, path)).find((place) => place !== undefined)
}

async function install(env: NodeJS.ProcessEnv): Promise<string> {
  const quiet = { ...env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args: string[]) => run('apt-get', args, { env: quiet, maxBuffer: 64 * 1024 * 1024 })
  progress('there is no Chromium here: installing it, once')
  try {
    await apt('update')
    await apt('install', '-y', '--no-install-recommends', 'chromium')
  } catch (cause) {
    throw new Error(
      'These tests need Chromium: install it (Debian: apt-get install chromium) or set CHROMIUM_PATH.',
      { cause },
    )
  }
  const installed = find(env)
  if (installed === undefined) throw new Error('apt-get has installed chromium, and it is not on the PATH.')
  return installed
}
