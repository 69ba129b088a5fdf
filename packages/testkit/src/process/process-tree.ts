import { childrenOf, findProcess, isAlive } from './process-table.js'

/**
 * Stops a process and its children with SIGSTOP and returns their ids. One signal to the process group would miss
 * PostgreSQL's backends: each of them leads a group of its own.
 */
export function freezeTree(pid: number): number[] {
  signal(pid, 'SIGSTOP')
  // Stop the parent first, so that it cannot start a child that the list misses.
  settle(() => findProcess(pid)?.state !== 'running', 1000)
  const tree = [pid, ...childrenOf(pid)]
  for (const member of tree) signal(member, 'SIGSTOP')
  settle(() => tree.every((member) => findProcess(member)?.state !== 'running'), 1000)
  return tree
}

/** Lets a frozen process and its children continue. */
export function thawTree(pid: number): void {
  for (const member of [...childrenOf(pid), pid]) signal(member, 'SIGCONT')
}

/** Ends a process and its children with SIGKILL and returns their ids; some may take a moment to end. */
export function killTree(pid: number): number[] {
  const tree = freezeTree(pid)
  for (const member of tree) signal(member, 'SIGKILL')
  return tree
}

/**
 * Returns a function that sends a process SIGINT, by which both PostgreSQL and Redis end in order. Call it until the
 * process is gone, because Redis ignores a signal that comes while it writes its first log.
 */
export function asker(pid: number): () => void {
  let askedAt = 0
  return () => {
    if (Date.now() - askedAt > 500) {
      askedAt = Date.now()
      signal(pid, 'SIGINT')
    }
  }
}

/**
 * Ends a server before it returns: first by SIGINT, then by SIGKILL. Synchronous, because nothing else runs while a
 * process exits.
 */
export function endTree(pid: number): void {
  thawTree(pid)
  const ask = asker(pid)
  const hasGone = (): boolean => {
    if (!isAlive(pid)) return true
    ask()
    return false
  }
  if (settle(hasGone, 3000)) return
  const tree = killTree(pid)
  settle(() => !tree.some(isAlive), 3000)
}

/** Sends a signal; no error when the process is gone already. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function settle(condition: () => boolean, timeoutMs: number): boolean {
  const deadline = Date.now() + timeoutMs
  const clock = new Int32Array(new SharedArrayBuffer(4))
  while (!condition()) {
    if (Date.now() > deadline) return false
    Atomics.wait(clock, 0, 0, 2)
  }
  return true
}
