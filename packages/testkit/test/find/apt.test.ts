import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Apt } from '../../src/find/apt.js'
import { systemRelease } from '../../src/find/system-release.js'

let home: string
let dir: string

// An apt of our own making, for what a real one does depends on the archive and on the weather.
function install(command: string, script: string): void {
  const file = join(home, 'bin', command)
  writeFileSync(file, `#!/bin/sh\necho "${command} $*" >> ${home}/calls\n${script}\n`)
  chmodSync(file, 0o755)
}

const calls = (): string[] =>
  readFileSync(join(home, 'calls'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.replaceAll(/-o \S+ /g, '').replaceAll(home, ''))

describe('Apt', () => {
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'testkit-'))
    dir = join(home, 'redis')
    mkdirSync(join(home, 'bin'))
    vi.stubEnv('PATH', `${join(home, 'bin')}:/usr/bin:/bin`)
    vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    install('dpkg-deb', 'echo unpacked > "$3/$(basename "$2" .deb)"')
  })
  afterEach(() => {
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
    rmSync(home, { recursive: true })
  })

  it('unpacks packages and leaves nothing else', async () => {
    install('apt-get', 'touch tool.deb lib.deb')
    const apt = new Apt(dir)
    await apt.unpack(['tool', 'lib'])
    apt.close()
    expect(readdirSync(dir).toSorted()).toEqual(['lib', 'tool'])
    expect(calls()[0]).toBe('apt-get download tool lib')
  })

  it("fetches lists of its own once when the system's will not do", async () => {
    const own = '*Dir::State::lists*'
    install('apt-get', `case "$*" in ${own}update) ;; ${own}) touch tool.deb ;; *) exit 100 ;; esac`)
    const apt = new Apt(dir)
    await apt.unpack(['tool'])
    await apt.unpack(['tool'])
    apt.close()
    expect(existsSync(join(dir, 'tool'))).toBe(true)
    expect(calls().filter((call) => call.startsWith('apt-get'))).toEqual([
      'apt-get download tool',
      'apt-get update',
      'apt-get download tool',
      'apt-get download tool',
    ])
  })

  it('takes packages from other suites of the archive of the system', async () => {
    const { codename } = systemRelease()!
    install(
      'apt-get',
      `case "$*" in
        *indextargets*) echo "other x main http://elsewhere/"; echo "${codename} ${codename} main http://archive/" ;;
        *SourceList=*update) cp "$(echo "$*" | sed 's/.*SourceList=\\(\\S*\\).*/\\1/')" ${home}/sources ;;
        *SourceList=*) touch tool.deb ;;
        *) exit 100 ;;
      esac`,
    )
    const apt = new Apt(dir, ['one', 'two'])
    await apt.unpack(['tool'])
    await apt.unpack(['tool'])
    apt.close()
    expect(readdirSync(dir)).toEqual(['tool'])
    const sources = readFileSync(join(home, 'sources'), 'utf8')
    expect(sources).toContain('URIs: http://archive/\nSuites: one two\nComponents: main\n')
    expect(calls().filter((call) => call.includes('update'))).toHaveLength(1)
  })

  it('fails with what apt says', async () => {
    install('apt-get', 'echo "E: Unable to locate package tool" >&2; exit 100')
    await expect(new Apt(dir).unpack(['tool'])).rejects.toThrow('Unable to locate package tool')
  })

  it('lists the libraries of a package', async () => {
    install(
      'apt-cache',
      "printf 'tool\\n  Depends: libb2\\nlibb2\\n  Depends: libc6\\nlibc6\\nlibb2\\n<virtual>\\n'",
    )
    expect(await new Apt(dir).librariesOf('tool')).toEqual(['libb2', 'libc6'])
  })
})
