import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { findChromium } from '../../src/find/find-chromium.js'

let dir: string
let env: NodeJS.ProcessEnv

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'find-chromium-'))
  env = { PATH: join(dir, 'bin'), HOME: join(dir, 'home') }
  vi.stubEnv('TMPDIR', dir)
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  rmSync(dir, { recursive: true })
})

/** A program that does as the script says. */
function program(name: string, script = 'exit 0'): string {
  const file = join(dir, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return file
}

const asRoot = (isRoot: boolean) => vi.spyOn(process, 'getuid' as 'uptime').mockReturnValue(isRoot ? 0 : 1)
const playwright = join('home', process.platform === 'darwin' ? 'Library/Caches' : '.cache', 'ms-playwright')
// Where the npm package is made for.
const isCarried = `${process.platform}-${process.arch}` === 'linux-x64'
const sentence =
  /^These tests need Chromium, there is none here, and none could be fetched \(.*\): install one \(Debian: apt-get install chromium\), or say where one is in CHROMIUM_PATH\.$/

describe('findChromium', () => {
  it('takes the one that CHROMIUM_PATH names before any other', async () => {
    const own = program('my-browser')
    program('bin/chromium')
    expect(await findChromium({ ...env, CHROMIUM_PATH: own })).toBe(own)
  })

  it.each(['nothing', 'broken'])('says so when CHROMIUM_PATH leads to %s', async (name) => {
    program('broken', 'exit 127')
    const nowhere = join(dir, name)
    const found = findChromium({ ...env, CHROMIUM_PATH: nowhere })
    await expect(found).rejects.toThrow(`CHROMIUM_PATH=${nowhere} is nothing that can be run.`)
  })

  it.each(['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'])(
    'finds %s on the PATH, before those of Playwright',
    async (name) => {
      program(`${playwright}/chromium-9/chrome-linux64/chrome`)
      const browser = program(`bin/${name}`)
      expect(await findChromium({ ...env, CHROMIUM_PATH: '' })).toBe(browser)
    },
  )

  it('passes over one that does not run', async () => {
    program('bin/chromium', 'exit 127')
    const chrome = program('bin/google-chrome')
    expect(await findChromium(env)).toBe(chrome)
  })

  it.each([
    ['chromium-999/chrome-linux/chrome', 'chromium-1255/chrome-linux64/chrome'],
    ['chromium-1255/chrome-linux/chrome', 'chromium-1300/chrome-linux/chrome'],
    ['chromium-2/broken', 'chromium_headless_shell-1/chrome-headless-shell-linux64/chrome-headless-shell'],
    ['firefox-1500/firefox/firefox', 'chromium_headless_shell-1100/chrome-linux/headless_shell'],
  ])('takes the newest of Playwright: of %s and %s the second', async (other, newest) => {
    program(`${playwright}/${other}`)
    const theirs = program(`${playwright}/${newest}`)
    expect(await findChromium(env)).toBe(theirs)
    program(`elsewhere/${other}`)
    const elsewhere = program(`elsewhere/${newest}`)
    expect(await findChromium({ ...env, PLAYWRIGHT_BROWSERS_PATH: join(dir, 'elsewhere') })).toBe(elsewhere)
  })

  it('has root install one, with new lists where the old will not do', async () => {
    asRoot(true)
    const browser = join(dir, 'bin/chromium')
    const bring = `printf '#!/bin/sh\\n' > ${browser}; /bin/chmod 755 ${browser}`
    program(
      'bin/apt-get',
      `echo "$*" >> ${dir}/calls
case "$*" in *update) : > ${dir}/lists ;; *) [ -e ${dir}/lists ] || exit 100; ${bring} ;; esac`,
    )
    expect(await findChromium(env)).toBe(browser)
    const calls = readFileSync(join(dir, 'calls'), 'utf8').trim().split('\n')
    expect(calls.map((call) => call.replaceAll(/-o \S+ /g, ''))).toEqual([
      'install -y --no-install-recommends chromium',
      'update',
      'install -y --no-install-recommends chromium',
    ])
  })

  it('installs nothing for others than root, and says in one sentence what to do', async () => {
    asRoot(false)
    program('bin/apt-get', `: > ${dir}/called`)
    const failure = await findChromium(env).catch((error: Error) => error.message)
    expect(failure).toMatch(sentence)
    expect(failure).toContain('apt-get: only root may install; npm: ')
    expect(existsSync(join(dir, 'called'))).toBe(false)
  })

  it('says in that sentence why apt and npm failed', async () => {
    asRoot(true)
    program('bin/apt-get', 'echo "Reading lists"; echo "E: Unable to locate package chromium" >&2; exit 100')
    program('bin/npm', 'echo "npm error code ENOTFOUND" >&2; exit 1')
    const failure = await findChromium(env).catch((error: Error) => error.message)
    expect(failure).toMatch(sentence)
    expect(failure).toContain('apt-get: Unable to locate package chromium; npm: ')
    if (`${process.platform}-${process.arch}` === 'linux-x64')
      expect(failure).toContain('npm: code ENOTFOUND')
  })

  it('runs nothing of an npm package that is another than was meant, and leaves nothing of it', async () => {
    program('bin/npm', 'echo other > sparticuz-chromium.tgz')
    const failure = await findChromium(env).catch((error: Error) => error.message)
    expect(failure).toMatch(sentence)
    expect(failure).toMatch(isCarried ? /@sparticuz\/chromium@\S+ is not the package/ : /is not made for/)
    const cache = join(dir, `sessions-cache-${process.getuid?.()}`)
    expect(existsSync(cache) ? readdirSync(cache) : []).toEqual([])
  })
})
