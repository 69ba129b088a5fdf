// Ends a test process that an endless loop holds, and says where it is: nobody else could. Each test process loads it.
import { Session } from 'node:inspector'
import { isMainThread, Worker, workerData } from 'node:worker_threads'

const key = Symbol.for('@sessions/watchdog')
// So much of a processor without a look at the event loop: a process that waits for another one uses none.
const mostMs = Number(process.env.TEST_WATCHDOG_MS ?? 45_000)

// A thread that somebody else started, such as one that Stryker runs tests in, has its own watch.
if (workerData instanceof Int32Array) watch()
else if (isMainThread && globalThis[key] === undefined) {
  const beats = new Int32Array(new SharedArrayBuffer(4))
  setInterval(() => Atomics.add(beats, 0, 1), 500).unref()
  globalThis[key] = new Worker(new URL(import.meta.url), { workerData: beats })
  globalThis[key].unref()
}

function watch() {
  let last = { beat: -1, cpuMs: 0 }
  setInterval(() => {
    const beat = Atomics.load(workerData, 0)
    const { user, system } = process.cpuUsage()
    const cpuMs = (user + system) / 1000
    if (beat !== last.beat) last = { beat, cpuMs }
    else if (cpuMs - last.cpuMs >= mostMs) end()
  }, 500)
}

/** Asks the main thread where it is, and ends the process whatever comes of it. */
function end() {
  const session = new Session()
  session.connectToMainThread()
  const files = new Map()
  session.on('Debugger.scriptParsed', ({ params }) => files.set(params.scriptId, params.url))
  session.on('Debugger.paused', ({ params }) => {
    const places = params.callFrames.slice(0, 10).map(({ functionName, location }) => {
      const { scriptId, lineNumber } = location
      return `  at ${functionName || 'a function'} (${files.get(scriptId)}:${lineNumber + 1})`
    })
    stop(places.join('\n'))
  })
  session.post('Debugger.enable')
  session.post('Debugger.pause')
  setTimeout(() => stop('  where, it does not say'), 5000)
}

function stop(where) {
  process._rawDebug(`A loop held a test process for ${Math.round(mostMs / 1000)} s of a processor:\n${where}`)
  process.kill(process.pid, 'SIGKILL')
}
