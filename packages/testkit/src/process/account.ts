import { spawnSync } from 'node:child_process'

/** An account of this system to run a process as. */
export interface Account {
  name: string
  uid: number
  gid: number
}

/**
 * The account that PostgreSQL must run as: undefined is the current one, which works unless it is root. PostgreSQL
 * refuses to run as root.
 */
export function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ['postgres', 'nobody']) {
    const uid = idOf('-u', name)
    const gid = idOf('-g', name)
    if (uid !== undefined && gid !== undefined) return { name, uid, gid }
  }
  throw new Error('PostgreSQL does not run as root, and there is no account postgres or nobody to run it as')
}

function idOf(flag: string, name: string): number | undefined {
  const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8' })
  return status === 0 ? Number(stdout) : undefined
}
