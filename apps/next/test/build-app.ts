import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'

const root = resolve(import.meta.dirname, '../../..')

/** Builds the application and what it is made of: what serves it reads no sources. A build that is there is kept. */
export async function setup(): Promise<void> {
  // A whole run has built it already.
  if (process.env['SESSIONS_BUILT']) return
  await promisify(execFile)(
    process.execPath,
    ['scripts/turbo.mjs', 'run', 'build', '--filter=@sessions/app-next', '--output-logs=errors-only'],
    { cwd: root, env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' }, maxBuffer: 1e8 },
  ).catch((error: { stdout?: string; message: string }) => {
    throw new Error(`The application was not built:\n${error.stdout ?? error.message}`)
  })
}
