// Installs, builds, starts a demo app, drives one conversation through it in view, and serves until Ctrl-C.
//   npm run demo [-- --app express] [--store sqlite] [--once]
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { apps, startApp, startServer } from './serve-app.mjs'
import { build, cache, install, root } from './setup.mjs'

const { values: options } = parseArgs({
  options: {
    app: { type: 'string', default: 'express' },
    store: { type: 'string', default: 'sqlite' },
    once: { type: 'boolean', default: false },
    port: { type: 'string' },
  },
})
if (apps[options.app] === undefined) {
  console.error(`There is no app named ${options.app}; there are: ${Object.keys(apps).join(', ')}`)
  process.exit(2)
}

await install()
await build(apps[options.app].package)
const { runTour, resumeTour } = await import(
  pathToFileURL(join(root, 'apps', options.app, 'dist', 'tour.js')).href
)
const server = await startServer(options.store)
// The same before and after the restart, and in the next demo, which finds the same file; otherwise all earlier
// credentials would be void.
const secret = keptSecret()
const startOn = (port) =>
  startApp(options.app, {
    args: ['--store', options.store],
    env: { SESSION_SECRETS: secret, ...server.env, PORT: port },
  })
const start = () =>
  startOn(options.port ?? (options.once ? '0' : '3000')).catch((error) => {
    // Another process uses the usual port; any other port works as well.
    if (options.port === undefined && error.message.includes('EADDRINUSE')) return startOn('0')
    throw error
  })
let app = await start()
for (const [line] of app.output.matchAll(/^sessions are .*$/gm)) console.log(line)

try {
  const state = await runTour(app.url, console.log)
  if (options.store !== 'memory') {
    console.log('\nThe app is killed and started again; the session lives in the store.\n')
    await app.stop('SIGKILL')
    app = await start()
    await resumeTour(app.url, state, console.log)
  }
} catch (error) {
  console.error(error)
  await app.stop()
  await server.stop()
  process.exit(1)
}

if (options.once) {
  await app.stop()
} else {
  console.log(`\n${apps[options.app].title} is at ${app.url}\nCtrl-C ends it.`)
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void app.stop())
  await app.ended
}
await server.stop()
process.exit(0)

function keptSecret() {
  const file = join(cache, 'demo-secret')
  try {
    return readFileSync(file, 'utf8')
  } catch {
    const made = randomBytes(32).toString('base64url')
    mkdirSync(cache, { recursive: true })
    writeFileSync(file, made, { mode: 0o600 })
    return made
  }
}
