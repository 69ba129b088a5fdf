import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export const appNames = ['express', 'nest', 'next'] as const
export type AppName = (typeof appNames)[number]

/** A demo application that runs in a process of its own, watched from inside. */
export interface WatchedApp {
  readonly url: string
  /** Milliseconds of the longest hold of its event loop since this was asked last. */
  takeHold(): Promise<number>
  stop(): Promise<void>
}

/** Starts what `npm run build` has made of an application, with its sessions in memory. */
export async function startApp(name: AppName): Promise<WatchedApp> {
  const main = fileURLToPath(new URL(`../../../../${name}/dist/main.js`, import.meta.url))
  const monitor = new URL('hold-monitor.js', import.meta.url).href
  const child = spawn(process.execPath, ['--import', monitor, main, '--store', 'memory'], {
    env: { ...process.env, PORT: '0', REQUESTS_PER_MINUTE: '1000000' },
    // What it has to say of dear texts interests nobody.
    stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
  })
  process.once('exit', () => child.kill('SIGKILL'))
  let said = ''
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout!.on('data', (data: Buffer) => {
      said += data.toString()
      const found = /listening on (http:\/\/\S+)/.exec(said)?.[1]
      if (found !== undefined) resolve(found)
    })
    child.once('exit', (code) => reject(new Error(`The app ended with ${code}:\n${said}`)))
  })
  return {
    url,
    async takeHold() {
      const told = once(child, 'message') as Promise<[number]>
      child.send('take')
      return (await told)[0]
    },
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}
