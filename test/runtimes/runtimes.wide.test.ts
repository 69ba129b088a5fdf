import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { arch, execPath, platform } from 'node:process'
import { createInterface } from 'node:readline'
import { describeSessionApi } from '@sessions/core/testing'
import { fetchPackages, startRedis } from '@sessions/testkit'
import { afterAll } from 'vitest'
import { startRestFront } from '../../packages/store-redis/test/rest-front.js'
import { bundle } from '../weigh.js'

const os = platform === 'win32' ? 'windows' : platform
const bun = `@oven/bun-${os}-${arch === 'arm64' ? 'aarch64' : arch}`
const deno = `@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}`
const fetched = await fetchPackages('runtimes-1', [`${bun}@1.4.5`, `${deno}@2.9.6`, 'miniflare@4.20260730.0'])
const modules = join(fetched, 'node_modules')

const folder = mkdtempSync(join(tmpdir(), 'sessions-runtimes-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A program with this code and all that it imports: its path. Its `bundled` has what the code exports. */
async function programOf(name: string, code: string): Promise<string> {
  const path = join(folder, `${name}.mjs`)
  writeFileSync(path, (await bundle(code, { inOne: true })).code)
  return path
}

/** Runs a server, which prints its URL, until the tests of the file end. */
async function serve(command: string, ...args: string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  afterAll(() => void child.kill())
  for await (const line of createInterface(child.stdout)) return line
  throw new Error(`${command} has ended before it served.`)
}

const onPort0 = "{ port: 0, hostname: '127.0.0.1'"
const fixture = `import { apiFixture } from '../packages/core/src/testing/api-fixture.js'`

const onBun = await serve(
  join(modules, bun, 'bin', 'bun'),
  await programOf(
    'bun',
    `${fixture}
    const api = apiFixture()
    const server = Bun.serve(${onPort0}, idleTimeout: 0, fetch: (request) => api.handle(request) })
    console.log(server.url.origin)`,
  ),
)
describeSessionApi('Bun', (path, init) => fetch(onBun + path, init))

const onDeno = await serve(
  join(modules, deno, 'deno'),
  'run',
  '--quiet',
  '--allow-net',
  await programOf(
    'deno',
    `${fixture}
    const api = apiFixture()
    const onListen = ({ hostname, port }) => console.log('http://' + hostname + ':' + port)
    Deno.serve(${onPort0}, onListen }, (request) => api.handle(request))`,
  ),
)
describeSessionApi('Deno', (path, init) => fetch(onDeno + path, init))

// What a worker keeps in memory is gone when its platform likes: here its store is a Redis, by HTTP.
const redis = await startRedis()
const front = await startRestFront(redis.url)
const { url, token } = front
afterAll(async () => {
  await front.stop()
  await redis.stop()
})
const onWorkers = await serve(
  execPath,
  join(import.meta.dirname, 'worker.mjs'),
  join(modules, 'miniflare', 'dist', 'src', 'index.js'),
  await programOf(
    'worker',
    `${fixture}
    import { redisStore } from '@sessions/store-redis'
    import { Redis } from '@upstash/redis'
    const asked = new Map()
    const countAsked = (session) => asked.set(session, (asked.get(session) ?? 0) + 1).get(session)
    // Made in the request: this runtime refuses a request that uses what another one has begun, such as a turn.
    export const fetch = async (request, _env, ctx) => {
      const store = redisStore(new Redis({ url: '${url}', token: '${token}', enableTelemetry: false }))
      const api = apiFixture({ store, countAsked })
      const response = await api.handle(request, { waitUntil: (work) => ctx.waitUntil(work) })
      ctx.waitUntil(api.sessions.settled())
      return response
    }`,
  ),
)
describeSessionApi("Cloudflare's runtime", (path, init) => fetch(onWorkers + path, init))
