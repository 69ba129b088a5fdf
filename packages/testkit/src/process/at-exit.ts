const tasks = new Set<() => void>()
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
let listening = false

/**
 * Runs a synchronous task when this process ends, by itself or by a signal, and returns a function that removes the
 * task. Nothing can run after SIGKILL: there `sweepWorkDirs` of the next start cleans up.
 */
export function atExit(task: () => void): () => void {
  tasks.add(task)
  if (!listening) listen()
  return () => {
    tasks.delete(task)
  }
}

function listen(): void {
  listening = true
  process.on('exit', runAll)
  for (const name of signals) {
    const onSignal = (): void => {
      // Another listener wants to end the process in its own order, and `exit` follows.
      if (process.listenerCount(name) > 1) return
      runAll()
      process.off(name, onSignal)
      process.kill(process.pid, name)
    }
    process.on(name, onSignal)
  }
}

function runAll(): void {
  for (const task of tasks) {
    tasks.delete(task)
    try {
      task()
    } catch (error) {
      // A task that fails must not keep the others from running.
      console.error(error)
    }
  }
}
