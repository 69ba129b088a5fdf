import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

// Their names since Playwright 1.40, with and without a window; on macOS they are in a folder, like an app.
const places = [
  'chrome-linux64/chrome',
  'chrome-linux/chrome',
  'chrome-linux/headless_shell',
  'chrome-headless-shell-linux64/chrome-headless-shell',
  'chrome-mac-arm64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
  'chrome-mac-x64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
  'chrome-mac/Chromium.app/Contents/MacOS/Chromium',
]

/** The Chromiums that `playwright install` has downloaded, the newest first. */
export function playwrightBrowsers(env: NodeJS.ProcessEnv): string[] {
  const folder = folderOf(env)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => /^chromium(?:_headless_shell)?-\d+$/.test(name))
    .sort((a, b) => revisionOf(b) - revisionOf(a))
    .flatMap((name) => places.map((place) => join(folder, name, place)))
    .filter((place) => existsSync(place))
}

function revisionOf(name: string): number {
  return Number(/\d+$/.exec(name)?.[0])
}

// According to Playwright's documentation.
function folderOf(env: NodeJS.ProcessEnv): string {
  const given = env['PLAYWRIGHT_BROWSERS_PATH']
  // 0 means node_modules, where this repository installs none.
  if (given && given !== '0') return given
  const home = env['HOME'] ?? homedir()
  return process.platform === 'darwin'
    ? join(home, 'Library/Caches/ms-playwright')
    : join(env['XDG_CACHE_HOME'] ?? join(home, '.cache'), 'ms-playwright')
}
