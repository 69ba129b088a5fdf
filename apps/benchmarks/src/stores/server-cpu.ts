import { readdirSync, readFileSync, statSync } from 'node:fs'

/** Microseconds of processor of a process, of its children, and of those that have ended: by /proc. */
export function cpuOf(pid: number): number {
  if (!statSync('/proc/self/stat', { throwIfNoEntry: false })) {
    throw new Error('What a server uses is read from /proc, which is there on Linux alone.')
  }
  const ticksOf = (stat: readonly string[], fields: readonly number[]): number =>
    fields.reduce((sum, field) => sum + Number(stat[field]), 0)
  let ticks = 0
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const stat = statOf(name)
    if (stat === undefined) continue
    // After the name of the program: state, parent, ...
    if (Number(name) === pid) ticks += ticksOf(stat, [11, 12, 13, 14])
    else if (Number(stat[1]) === pid) ticks += ticksOf(stat, [11, 12])
  }
  return ticks * 10_000
}

function statOf(pid: string): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  } catch {
    // It has ended meanwhile.
    return undefined
  }
}

/**
 * Microseconds that a process and its children have run, all of their threads: finer than {@link cpuOf}, and without
 * those that have ended. By /proc.
 */
export function runTimeOf(pid: number): number {
  let ns = 0
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    if (Number(name) !== pid && Number(statOf(name)?.[1]) !== pid) continue
    try {
      for (const thread of readdirSync(`/proc/${name}/task`)) {
        ns += Number(readFileSync(`/proc/${name}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
      }
    } catch {
      // It has ended meanwhile.
    }
  }
  return ns / 1000
}
