import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { unprivilegedAccount, type Account } from '../process/account.js'
import { copyEmbeddedPostgres, findEmbeddedPostgres, linkLibraries } from './embedded-postgres.js'
import { findOnPath } from './find-on-path.js'

/** A PostgreSQL that runs on this machine. */
export interface PostgresBinaries {
  /** The dir of `postgres` and `initdb`. */
  bin: string
  version: string
  source: 'embedded' | 'system'
  /** The account that it runs as, when that is not the current one. */
  account: Account | undefined
}

/**
 * Finds PostgreSQL: the one from npm, otherwise one of the system. With `SESSIONS_PG=system` it does not use the one
 * from npm. Throws one sentence that says what to install when there is none.
 */
export async function findPostgres(): Promise<PostgresBinaries> {
  const account = unprivilegedAccount()
  const embedded = process.env['SESSIONS_PG'] === 'system' ? undefined : await tryEmbedded(account)
  const found = embedded ?? trySystem(account)
  if (found) return found
  throw new Error(
    `No PostgreSQL runs on ${process.platform}-${process.arch}: install one ` +
      '(apt-get install postgresql, or brew install postgresql)',
  )
}

async function tryEmbedded(account: Account | undefined): Promise<PostgresBinaries | undefined> {
  const embedded = findEmbeddedPostgres()
  if (!embedded) return undefined
  const inPlace = join(embedded.root, 'native/bin')
  try {
    linkLibraries(embedded.root)
  } catch {
    // node_modules is read-only, but the links may have been made earlier.
  }
  const found = toBinaries(inPlace, 'embedded', account)
  if (found) return found
  const copied = join(await copyEmbeddedPostgres(embedded), 'native/bin')
  return toBinaries(copied, 'embedded', account)
}

function trySystem(account: Account | undefined): PostgresBinaries | undefined {
  // On Debian the server is not on PATH, but in a dir for each major version.
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const onPath = findOnPath('postgres')
  const dirs = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(onPath ? [dirname(realpathSync(onPath))] : []),
  ]
  for (const bin of dirs) {
    const found = toBinaries(bin, 'system', account)
    if (found) return found
  }
  return undefined
}

function toBinaries(
  bin: string,
  source: PostgresBinaries['source'],
  account: Account | undefined,
): PostgresBinaries | undefined {
  const version = versionOf(bin, account)
  return version && existsSync(join(bin, 'initdb')) ? { bin, version, source, account } : undefined
}

// Run it as the account that will run it: that finds missing libraries as well as dirs that the account cannot reach.
function versionOf(bin: string, account: Account | undefined): string | undefined {
  const { status, stdout } = spawnSync(join(bin, 'postgres'), ['-V'], {
    uid: account?.uid,
    gid: account?.gid,
    cwd: '/',
    encoding: 'utf8',
  })
  return status === 0 ? /\d+(?:\.\d+)?/.exec(stdout)?.[0] : undefined
}
