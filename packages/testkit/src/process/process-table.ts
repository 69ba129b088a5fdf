import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** One live process of this machine. */
export interface ProcessEntry {
  pid: number
  /** Its parent. */
  ppid: number
  /** `stopped` means SIGSTOP; the process still exists. */
  state: 'running' | 'stopped'
}

// Slim images have /proc and no `ps`; macOS has `ps` and no /proc.
const hasProc = existsSync('/proc/self/stat')

/**
 * The process, or undefined when there is none. A zombie counts as none: signal 0 would call it alive, and without a
 * parent that reaps it (a container without an init) it would stay forever.
 */
export function findProcess(pid: number): ProcessEntry | undefined {
  if (!hasProc) return ps(['-p', String(pid)])[0]
  const stat = readProc(pid, 'stat')
  // The name of the command is in brackets, and may itself contain blanks and brackets.
  const [letter, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return toEntry(String(pid), ppid, letter)
}

/** Whether the process exists, stopped or not. */
export function isAlive(pid: number): boolean {
  return findProcess(pid) !== undefined
}

/** The direct children of a process, whatever their process group. */
export function childrenOf(pid: number): number[] {
  const all = hasProc
    ? readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map((name) => findProcess(Number(name)))
    : ps(['-ax'])
  return all.filter((entry) => entry?.ppid === pid).map((entry) => entry!.pid)
}

/** The command line that a process was started with; empty when the process is gone, or belongs to another account. */
export function commandLineOf(pid: number): string {
  if (hasProc) return readProc(pid, 'cmdline').replaceAll('\0', ' ')
  return spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? ''
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

function ps(which: string[]): ProcessEntry[] {
  const { stdout } = spawnSync('ps', [...which, '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' })
  return (stdout ?? '')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([pid, ppid, state]) => toEntry(pid, ppid, state) ?? [])
}

function toEntry(pid = '', ppid = '', state = ''): ProcessEntry | undefined {
  if (!/^[A-Y]/i.test(state) || state.startsWith('X')) return undefined
  return { pid: Number(pid), ppid: Number(ppid), state: /^t/i.test(state) ? 'stopped' : 'running' }
}
