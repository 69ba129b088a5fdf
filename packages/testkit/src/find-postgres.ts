import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { unprivilegedAccount, type Account } from './account.js'
import { copyEmbeddedPostgres, findEmbeddedPostgres, linkLibraries } from './embedded-postgres.js'
import { findOnPath } from './find-on-path.js'

/** A PostgreSQL that runs here. */
export interface PostgresBinaries {
  /** The dir of `postgres` and `initdb`. */
  bin: string
  version: string
  source: 'embedded' | 'system'
  /** The account it is run as, when that is not our own. */
  account: Account | undefined
}

/**
 * Finds PostgreSQL: the one from npm, else one of the system. `SESSIONS_PG=system` passes over the one from
 * npm. Throws one sentence that says what to install when there is none.
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
    // A read-only node_modules: links made earlier may be there all the same.
  }
  const found = toBinaries(inPlace, 'embedded', account)
  if (found) return found
  const copied = join(await copyEmbeddedPostgres(embedded), 'native/bin')
  return toBinaries(copied, 'embedded', account)
}

function trySystem(account: Account | undefined): PostgresBinaries | undefined {
  // Debian keeps the server out of PATH, a dir for each major version.
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

// Run as the account that will run it: that shows missing libraries and dirs out of its reach alike.
function versionOf(bin: string, account: Account | undefined): string | undefined {
  const { status, stdout } = spawnSync(join(bin, 'postgres'), ['-V'], {
    uid: account?.uid,
    gid: account?.gid,
    cwd: '/',
    encoding: 'utf8',
  })
  return status === 0 ? /\d+(?:\.\d+)?/.exec(stdout)?.[0] : undefined
}
