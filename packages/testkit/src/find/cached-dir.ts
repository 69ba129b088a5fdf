import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withMachineLock } from './machine-lock.js'
import { isAlive } from '../process/process-table.js'

const manifest = '.complete'

/**
 * A dir under the system's temp dir that `fill` makes once and that later runs find. It is not in a home dir, because
 * another account may have to run its content. When several processes need it at once, one fills it and the others
 * wait; without a lock each fills a dir of its own, and the first rename wins. A dir that a cleaner of temp files has
 * damaged is made again.
 */
export async function cachedDir(name: string, fill: (dir: string) => Promise<void>): Promise<string> {
  const root = cacheRoot()
  const dir = join(root, name)
  if (isComplete(dir)) return dir
  return withMachineLock('fetch', () => make(root, name, fill))
}

async function make(root: string, name: string, fill: (dir: string) => Promise<void>): Promise<string> {
  const dir = join(root, name)
  if (isComplete(dir)) return dir
  removePartials(root)
  const partial = mkdtempSync(join(root, `${name}.partial-${process.pid}-`))
  try {
    await fill(partial)
    writeFileSync(join(partial, manifest), listFiles(partial).join('\n'))
    chmodSync(partial, 0o755)
    moveInto(partial, dir)
    return dir
  } finally {
    rmSync(partial, { recursive: true, force: true })
  }
}

/** Whether {@link cachedDir} would find the dir made. */
export function isCached(name: string): boolean {
  return isComplete(join(cacheRoot(), name))
}

function moveInto(partial: string, dir: string): void {
  try {
    renameSync(partial, dir)
  } catch {
    // Another process was first, and may run the content by now; only a broken dir may be removed.
    if (isComplete(dir)) return
    rmSync(dir, { recursive: true, force: true })
    renameSync(partial, dir)
  }
}

function cacheRoot(): string {
  const uid = process.getuid?.() ?? 0
  const root = join(tmpdir(), `sessions-cache-${uid}`)
  mkdirSync(root, { recursive: true })
  const found = lstatSync(root)
  // Other accounts can guess the name and write to the temp dir: run nothing from a dir of another account.
  if (!found.isDirectory() || found.uid !== uid) {
    throw new Error(`${root} is not a dir of ours: remove it, or set TMPDIR`)
  }
  chmodSync(root, 0o755)
  return root
}

function listFiles(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
}

function isComplete(dir: string): boolean {
  try {
    const files = readFileSync(join(dir, manifest), 'utf8').split('\n')
    return files.every((file) => lstatSync(join(dir, file), { throwIfNoEntry: false }))
  } catch {
    return false
  }
}

function removePartials(root: string): void {
  for (const name of readdirSync(root)) {
    const owner = /\.partial-(\d+)-/.exec(name)?.[1]
    if (owner !== undefined && !isAlive(Number(owner))) {
      rmSync(join(root, name), { recursive: true, force: true })
    }
  }
}
