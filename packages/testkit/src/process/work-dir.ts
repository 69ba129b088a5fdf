import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commandLineOf, isAlive } from './process-table.js'
import { endTree } from './process-tree.js'

/** A server that has work dirs. */
export type ServerKind = 'nats' | 'pgbouncer' | 'postgres' | 'redis'

const leftover = /^sessions-(?:nats|pgbouncer|postgres|redis)-(\d+)-/

/**
 * Makes the dir of one server's data, log and pid file. Its name contains this process's pid, so that its owner can be
 * found.
 */
export function createWorkDir(kind: ServerKind): string {
  return mkdtempSync(join(tmpdir(), `sessions-${kind}-${process.pid}-`))
}

/** Removes a work dir; no error when it is gone already. */
export function removeWorkDir(workDir: string): void {
  rmSync(workDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
}

/** Notes which process serves a work dir. */
export function writeServerPid(workDir: string, pid: number): void {
  writeFileSync(join(workDir, 'server.pid'), `${pid}\n`)
}

/**
 * Ends the servers and removes the work dirs of killed runs. Many processes may do so at once. A pid is only trusted
 * when its command line contains that dir.
 */
export function sweepWorkDirs(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = leftover.exec(name)?.[1]
    if (owner === undefined || isAlive(Number(owner))) continue
    const workDir = join(tmpdir(), name)
    try {
      const pid = readServerPid(workDir)
      if (pid !== undefined && commandLineOf(pid).includes(workDir)) endTree(pid)
      removeWorkDir(workDir)
    } catch {
      // Another account removes its own leftovers.
    }
  }
}

function readServerPid(workDir: string): number | undefined {
  try {
    return Number(readFileSync(join(workDir, 'server.pid'), 'utf8')) || undefined
  } catch {
    return undefined
  }
}
