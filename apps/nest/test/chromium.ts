import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { chromium, type Browser } from 'playwright-core'

const run = promisify(execFile)
const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
/** How long Debian's mirrors may take, in milliseconds. */
export const installMs = 600_000

/** A real browser: the one that is there, or on Debian, for root, the one that can be had. */
export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: (await findChromium()) ?? (await installChromium()) })
}

async function findChromium(): Promise<string | undefined> {
  const given = process.env['CHROMIUM_PATH']
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin']
  const places = [
    ...(given === undefined || given === '' ? [] : [given]),
    ...folders.flatMap((folder) => names.map((name) => join(folder, name))),
  ]
  for (const place of places) {
    const isThere = await access(place, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return place
  }
  return undefined
}

async function installChromium(): Promise<string> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args: string[]) => run('apt-get', args, { env, maxBuffer: 64 * 1024 * 1024 })
  try {
    await apt('update')
    await apt('install', '-y', '--no-install-recommends', 'chromium')
  } catch (error) {
    throw new Error(
      'These tests need Chromium: install it (Debian: apt-get install chromium) or set CHROMIUM_PATH.',
      { cause: error },
    )
  }
  const installed = await findChromium()
  if (installed === undefined) throw new Error('apt-get has installed chromium, and it is not on the PATH.')
  return installed
}
