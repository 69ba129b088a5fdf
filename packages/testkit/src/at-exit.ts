const tasks = new Set<() => void>()
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
let listening = false

/**
 * Runs a synchronous task when this process ends, by itself or by a signal, and gives a function that takes
 * the task back. Nothing can run after SIGKILL: `sweepWorkDirs` of the next start is there for that.
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
      // Whoever else listens means to end in an order of its own, and `exit` follows.
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
      // One that fails must not keep the others from running.
      console.error(error)
    }
  }
}
