// Starts one of the demo apps as a process of its own, on a port that the system chooses.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, childEnv, root, step } from './setup.mjs'

/** The name of each app, and how it starts. */
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

/** The stores that an app can be started on, and the variable with the URL of each. */
const redis = ['REDIS_URL', 'startRedis']
const servers = { redis, tiered: redis, postgres: ['DATABASE_URL', 'startPostgres'] }

/**
 * The server that a store needs: the one that its variable names, otherwise a real one that lives as long as this
 * process, so that it outlives the app. Resolves to the environment for the app, and a function that ends the server.
 */
export async function startServer(store) {
  const [variable, starter] = servers[store] ?? []
  if (variable === undefined || process.env[variable]) return { env: {}, stop: async () => {} }
  await build('@sessions/testkit')
  const testkit = await import(pathToFileURL(join(root, 'packages/testkit/dist/index.js')).href)
  const server = await step(`starting ${store}`, () => testkit[starter]())
  return { env: { [variable]: server.url }, stop: () => server.stop() }
}

/** The running app: its URL, what it said before, and a function that ends it. Rejects with the app's output when it does not start. */
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
        // What it has said of itself, such as where it keeps its sessions.
        output,
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
