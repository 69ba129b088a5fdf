import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')

/** An app as people start it, in a process of its own. */
export async function startApp(
  name: string,
  env: Readonly<Record<string, string>>,
): Promise<{ url: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [resolve(root, `apps/${name}/dist/main.js`)], {
    cwd: root,
    env: {
      ...process.env,
      NODE_ENV: 'development',
      PORT: '0',
      CHAT_DELAY_MS: '0',
      SESSION_SECRETS: 'a-secret-of-tests-that-is-32-bytes-long-or-more',
      REDIS_URL: '',
      DATABASE_URL: '',
      OPENAI_API_KEY: '',
      ANTHROPIC_API_KEY: '',
      AI_GATEWAY_API_KEY: '',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const url = await new Promise<string>((resolve, reject) => {
    const read = (data: Buffer): void => {
      output += String(data)
      const listening = /listening on (http:\/\/\S+)/.exec(output)?.[1]
      if (listening !== undefined) resolve(listening)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}:\n${output}`)))
  })
  return {
    url,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

/** Builds the apps, unless a whole run has. */
export async function buildApps(names: readonly string[]): Promise<void> {
  if (process.env['SESSIONS_BUILT']) return
  const filters = names.map((name) => `--filter=@sessions/app-${name}`)
  const turbo = resolve(root, 'scripts/turbo.mjs')
  const built = spawn(process.execPath, [turbo, 'run', 'build', '--output-logs=errors-only', ...filters])
  const [code] = (await once(built, 'close')) as [number | null]
  if (code !== 0) throw new Error(`the build of ${names.join(', ')} ended with ${code}`)
}
