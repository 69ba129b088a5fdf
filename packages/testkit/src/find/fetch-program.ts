import { execFile } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { Apt } from './apt.js'

/** A program in the archive of Debian or Ubuntu. */
export interface ArchivedProgram {
  /** The package that contains it. */
  package: string
  /** Its path in the unpacked package: `usr/bin/redis-server`. */
  path: string
  /** The file in the package that `path` links to. Default: `path` itself is in the package. */
  alias?: string
  /** The suites of the archive, such as `['bookworm-backports']`. Default: those of the system. */
  suites?: readonly string[]
  /** True when it is of a later release than the system, and so needs a later C library. */
  isLater?: boolean
}

/**
 * Fetches a program from the archive into an empty dir, with the libraries that the system lacks, without installing
 * anything. {@link fetchedCommand} then runs it.
 */
export async function fetchProgram(dir: string, program: ArchivedProgram): Promise<void> {
  const apt = new Apt(dir, program.suites)
  try {
    await apt.unpack([program.package, ...(program.isLater ? ['libc6'] : [])])
    const path = join(dir, program.path)
    if (program.alias !== undefined && !existsSync(path)) symlinkSync(program.alias, path)
    let missing = await missingLibraries(dir, program)
    const known = missing.length > 0 ? await apt.librariesOf(program.package) : []
    // A library may itself need another one: a few rounds are enough.
    for (let round = 0; missing.length > 0 && round < 5; round += 1) {
      const packages = known.filter((name) => missing.some((library) => isPackageOf(name, library)))
      if (packages.length === 0) break
      await apt.unpack(packages)
      missing = await missingLibraries(dir, program)
    }
    if (missing.length > 0) throw new Error(`no package has ${missing.join(', ')}`)
    writeFileSync(fetchedCommand(dir), toScript(dir, program))
    chmodSync(fetchedCommand(dir), 0o755)
  } finally {
    apt.close()
  }
}

/** The command for a program that {@link fetchProgram} put into a dir, also after the dir has been moved. */
export function fetchedCommand(dir: string): string {
  return join(dir, 'run')
}

// The shell is replaced by the program, so that the program has the process id that was started.
function toScript(dir: string, program: ArchivedProgram): string {
  const here = (path: string): string => `"$here/${path}"`
  const libraries = librariesIn(dir)
    .map((each) => `$here/${each}`)
    .join(':')
  const start = program.isLater
    ? `exec ${here(loaderIn(dir))} --library-path "${libraries}" ${here(program.path)}`
    : `LD_LIBRARY_PATH="${libraries}" exec ${here(program.path)}`
  return `#!/bin/sh\nhere=\${0%/*}\n${start} "$@"\n`
}

/** The dirs of libraries, from the root of the dir. */
function librariesIn(dir: string): string[] {
  const roots = ['usr/lib', 'lib'].filter((root) => existsSync(join(dir, root)))
  return roots.flatMap((root) => {
    const names = readdirSync(join(dir, root)).filter((name) => name.endsWith('-gnu'))
    return [...names.map((name) => `${root}/${name}`), root]
  })
}

/** The loader of the C library in the dir, from the root of the dir. */
function loaderIn(dir: string): string {
  for (const libraries of librariesIn(dir)) {
    const name = readdirSync(join(dir, libraries)).find((each) => /^ld-linux.*\.so/.test(each))
    if (name !== undefined) return `${libraries}/${name}`
  }
  throw new Error('the C library has no loader')
}

// "libcares.so.2 => not found" becomes "libcares"; a library of the system that is too old also counts as missing.
async function missingLibraries(dir: string, program: ArchivedProgram): Promise<string[]> {
  const path = join(dir, program.path)
  const libraries = librariesIn(dir)
    .map((each) => join(dir, each))
    .join(':')
  const { stdout, stderr } = program.isLater
    ? await promisify(execFile)(join(dir, loaderIn(dir)), ['--library-path', libraries, path], {
        env: { ...process.env, LD_TRACE_LOADED_OBJECTS: '1' },
      })
    : await promisify(execFile)('ldd', [path], {
        env: { ...process.env, LD_LIBRARY_PATH: libraries },
      }).catch(ifStatic)
  const lines = `${stdout}\n${stderr}`
  const absent = [...lines.matchAll(/^\s*(lib\S+) => not found/gm)]
  const old = [...lines.matchAll(/(\S*\/lib[^/\s]+): version \S+ not found/g)]
  const names = [...absent, ...old].map(([, file]) =>
    basename(file!)
      .replace(/\.so.*$/, '')
      .toLowerCase(),
  )
  return [...new Set(names)]
}

/** A program that needs no library, for which `ldd` fails. */
function ifStatic(error: { readonly stdout: string; readonly stderr: string }): typeof error {
  if (/not a dynamic executable/.test(`${error.stdout}${error.stderr}`)) return error
  throw error
}

// libcares is in the package libc-ares2, libevent-2.1 in libevent-2.1-7t64.
function isPackageOf(name: string, library: string): boolean {
  const plain = (text: string): string => text.replaceAll('-', '')
  return plain(name).startsWith(plain(library)) && /^\d/.test(plain(name).slice(plain(library).length))
}
