import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fetchedCommand, fetchProgram } from '../../src/find/fetch-program.js'
import { findRedis } from '../../src/find/find-redis.js'

let home: string
let dir: string

/** A command on PATH. */
function command(name: string, script: string): void {
  writeFileSync(join(home, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
}

describe('a program of the archive', () => {
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'testkit-'))
    dir = join(home, 'fetched')
    for (const each of [
      'bin',
      'fetched',
      'archive/tool/usr/bin',
      'archive/libneeded1/usr/lib/test-linux-gnu',
    ]) {
      mkdirSync(join(home, each), { recursive: true })
    }
    vi.stubEnv('PATH', `${join(home, 'bin')}:${process.env['PATH']}`)
    vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    // An archive of our own making, for what a real one has depends on the release and on the weather.
    command('apt-get', 'for name; do [ -d "$ARCHIVE/$name" ] && touch "$name.deb"; done; exit 0')
    command('dpkg-deb', 'cp -R "$ARCHIVE/$(basename "$2" .deb)/." "$3"')
    command('apt-cache', "printf 'tool\\n  Depends: libneeded1\\nlibneeded1\\n  Depends: libc6\\nlibc6\\n'")
    // It has what it needs once a dir of the search path has it.
    command(
      'ldd',
      'find $(echo "$LD_LIBRARY_PATH" | tr : " ") -name libneeded.so.1 2>/dev/null | grep -q . || echo "	libneeded.so.1 => not found"',
    )
    vi.stubEnv('ARCHIVE', join(home, 'archive'))
    writeFileSync(
      join(home, 'archive/tool/usr/bin/tool-file'),
      '#!/bin/sh\necho "$0 $LD_LIBRARY_PATH $*"\n',
      {
        mode: 0o755,
      },
    )
    writeFileSync(join(home, 'archive/libneeded1/usr/lib/test-linux-gnu/libneeded.so.1'), '')
  })
  afterEach(() => {
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
    rmSync(home, { recursive: true })
  })

  const tool = { package: 'tool', path: 'usr/bin/tool', alias: 'tool-file' }

  it('comes with the libraries that the system lacks, and is run on them wherever it is moved', async () => {
    await fetchProgram(dir, tool)
    const moved = join(home, 'moved')
    execFileSync('mv', [dir, moved])
    const [path, libraries, ...args] = execFileSync(fetchedCommand(moved), ['--port', '1'], {
      encoding: 'utf8',
    })
      .trim()
      .split(' ')
    expect(path).toBe(join(moved, 'usr/bin/tool'))
    expect(libraries!.split(':')).toContain(join(moved, 'usr/lib/test-linux-gnu'))
    expect(args).toEqual(['--port', '1'])
  })

  it('is without the packages it came in', async () => {
    await fetchProgram(dir, tool)
    expect(readdirSync(dir).toSorted()).toEqual([basename(fetchedCommand(dir)), 'usr'])
  })

  it('is refused when no package has a library that it needs', async () => {
    rmSync(join(home, 'archive/libneeded1'), { recursive: true })
    await expect(fetchProgram(dir, tool)).rejects.toThrow('no package has libneeded')
    expect(existsSync(fetchedCommand(dir))).toBe(false)
  })
})

it('the Redis that tests run, found or fetched, is of the version that it is taken for', async () => {
  const { command, version } = await findRedis()
  expect(execFileSync(command, ['--version'], { encoding: 'utf8' })).toContain(version)
})
