// Installs what the project needs on a machine with Node alone: pnpm at the pinned version, then the dependencies,
// then the builds. Each step is skipped when it is done already.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { oneAtATime } from './one-at-a-time.mjs'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
export const cache = join(root, 'node_modules', '.cache', 'sessions')
const pinned = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager.split('+')[0]
const [major, minor] = process.versions.node.split('.').map(Number)

if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node ${process.versions.node} is too old: version 20.19 or later is needed.`)
  process.exit(1)
}

// The failed step has printed its error; a stack trace of this script would not help.
process.on('uncaughtException', (error) => {
  console.error(error.message)
  process.exit(1)
})

/** The environment for child processes: npm's own settings would confuse pnpm, and no program may ask questions. */
export function childEnv(extra = {}) {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^npm_(config|package|lifecycle|execpath|command)/i.test(name),
  )
  return {
    ...Object.fromEntries(kept),
    COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
    TURBO_TELEMETRY_DISABLED: '1',
    NEXT_TELEMETRY_DISABLED: '1',
    ...extra,
  }
}

/** Runs a command to its end; rejects when it fails, with the end of its output if the output was not shown. */
export function run(command, args, { quiet = false, cwd = root, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: childEnv(env),
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
      shell: process.platform === 'win32',
    })
    let output = ''
    child.stdout?.on('data', (data) => (output += data))
    child.stderr?.on('data', (data) => (output += data))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(output)
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}\n${output.slice(-4000)}`))
    })
  })
}

/** Runs one step and reports it: on a terminal a line that grows while it lasts, elsewhere two plain lines. */
export async function step(name, work) {
  const startedAt = Date.now()
  const tty = process.stderr.isTTY
  process.stderr.write(tty ? `  ${name} …` : `  ${name} …\n`)
  const dots = setInterval(
    () => process.stderr.write(tty ? '.' : `  ${name} … still at it\n`),
    tty ? 1000 : 20_000,
  )
  try {
    const result = await work()
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1)
    process.stderr.write(tty ? `\r\u001b[2K  ${name} (${seconds} s)\n` : `  ${name}: done in ${seconds} s\n`)
    return result
  } catch (error) {
    process.stderr.write(tty ? '\n' : '')
    throw error
  } finally {
    clearInterval(dots)
  }
}

let pnpmCommand

/** How to call pnpm: through corepack where Node has it, else through npx at the pinned version. */
export async function pnpm() {
  if (pnpmCommand !== undefined) return pnpmCommand
  for (const candidate of [
    ['corepack', 'pnpm'],
    ['npx', '--yes', pinned],
  ]) {
    try {
      await run(candidate[0], [...candidate.slice(1), '--version'], { quiet: true })
      pnpmCommand = candidate
      return candidate
    } catch {
      // The next way may work.
    }
  }
  throw new Error(
    `pnpm could not be started. With the network up, this must work: npx --yes ${pinned} --version`,
  )
}

/** Installs the dependencies of the lockfile, unless they are installed. */
export async function install() {
  const lock = readFileSync(join(root, 'pnpm-lock.yaml'))
  const manifests = readFileSync(join(root, 'package.json'))
  const state = createHash('sha256').update(lock).update(manifests).digest('hex')
  const stamp = join(cache, 'installed')
  const isDone = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === state
  if (isDone()) return
  await oneAtATime(root, async () => {
    if (isDone()) return
    await step('installing dependencies', async () => {
      const [command, ...args] = await pnpm()
      await run(command, [...args, 'install', '--frozen-lockfile'], { quiet: true })
      mkdirSync(cache, { recursive: true })
      writeFileSync(stamp, state)
    })
  })
}

/**
 * Runs turbo. turbo looks for pnpm on the PATH, where it may be missing: a small script of that name takes its place.
 */
export async function turbo(args, options) {
  const [command, ...before] = await pnpm()
  const shims = join(cache, 'bin')
  mkdirSync(shims, { recursive: true })
  const call = [command, ...before].join(' ')
  writeFileSync(join(shims, 'pnpm'), `#!/bin/sh\nexec ${call} "$@"\n`, { mode: 0o755 })
  writeFileSync(join(shims, 'pnpm.cmd'), `@${call} %*\r\n`)
  const separator = process.platform === 'win32' ? ';' : ':'
  // Build for production, whatever NODE_ENV the caller has: otherwise Next's build does not work.
  const env = { PATH: `${shims}${separator}${process.env.PATH}`, NODE_ENV: 'production' }
  // Loose: behind a proxy, or with caches elsewhere, pnpm needs environment variables that turbo would remove.
  const loose = [...args.slice(0, 2), '--env-mode=loose', ...args.slice(2)]
  return oneAtATime(root, () => run(join(root, 'node_modules', '.bin', 'turbo'), loose, { ...options, env }))
}

/** Builds the named packages and all their dependencies. */
export async function build(...packages) {
  // The caller has built everything, and other processes read it now.
  if (process.env.SESSIONS_BUILT) return
  await step(`building ${packages.join(', ')}`, () => runBuild(packages.map((name) => `--filter=${name}`)))
}

/** Builds every package and application, but the one that only `npm run test:wide` needs. */
export function buildAll() {
  return runBuild(['--filter=!@sessions/next-15'])
}

function runBuild(filters) {
  return turbo(['run', 'build', '--output-logs=errors-only', ...filters], { quiet: true })
}
