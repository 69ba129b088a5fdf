// Starts one of the demo apps as a process of its own, on a port the system gives.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, childEnv, root, step } from './setup.mjs'

/** What each app is called and how it starts. */
export const apps = {
  express: {
    package: '@sessions/app-express',
    title: 'The Shopping Assistant',
    main: join(root, 'apps/express/dist/main.js'),
  },
  nest: {
    package: '@sessions/app-nest',
    title: 'The commerce gateway',
    main: join(root, 'apps/nest/dist/main.js'),
  },
  next: {
    package: '@sessions/app-next',
    title: 'The chat',
    main: join(root, 'apps/next/dist/main.js'),
  },
}

/** The stores an app can be started on, and the variable that says where each is. */
const servers = { redis: ['REDIS_URL', 'startRedis'], postgres: ['DATABASE_URL', 'startPostgres'] }

/**
 * The server a store needs: the one its variable names, else a real one of our own that lives as long as this
 * process, so that it outlives the app. Resolves to the environment the app needs, and how to end the server.
 */
export async function startServer(store) {
  const [variable, starter] = servers[store] ?? []
  if (variable === undefined || process.env[variable]) return { env: {}, stop: async () => {} }
  await build('@sessions/testkit')
  const testkit = await import(pathToFileURL(join(root, 'packages/testkit/dist/index.js')).href)
  const server = await step(`starting ${store}`, () => testkit[starter]())
  return { env: { [variable]: server.url }, stop: () => server.stop() }
}

/** The running app: its URL, and how to end it. Rejects with what it printed when it does not come up. */
export function startApp(name, { args = [], env = {}, startMs = 240_000 } = {}) {
  const app = apps[name]
  const child = spawn(process.execPath, [app.main, ...args], {
    cwd: root,
    env: childEnv({ PORT: '0', ...env }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)))
  const endWithUs = () => child.kill('SIGKILL')
  process.once('exit', endWithUs)
  void ended.then(() => process.off('exit', endWithUs))
  let output = ''
  return new Promise((resolve, reject) => {
    const tooLate = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`The app did not come up in ${startMs} ms:\n${output}`))
    }, startMs)
    const read = (data) => {
      output += data
      const url = /listening on (http:\/\/\S+)/.exec(output)?.[1]
      if (url === undefined) return
      clearTimeout(tooLate)
      resolve({
        url,
        pid: child.pid,
        ended,
        stop: async (signal = 'SIGTERM') => {
          child.kill(signal)
          return ended
        },
      })
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    void ended.then((code) => {
      clearTimeout(tooLate)
      reject(new Error(`The app ended with ${code} before it came up:\n${output}`))
    })
  })
}
