import { appCases } from './app-cases.js'
import { type AppName, startApp } from './start-app.js'

// What an application does for the first time in its life counts as its start: code is loaded and compiled.
const warmUps = 2

/** Tells how long each dear request holds the event loop of an application; the best of a few tries counts. */
export async function measureApp(
  name: AppName,
  { tries, bar, only }: { readonly tries: number; readonly bar: number; readonly only: RegExp },
  tell: (name: string, ms: number) => void,
): Promise<void> {
  const app = await startApp(name)
  try {
    const [visitor, cases] = await appCases[name](app.url)
    for (const { name: what, method, path, body } of cases) {
      const shown = `${name}: ${method} ${path.replace(/\?.*/, '?…').replace(/[\w-]{24}/, '…')}: ${what}`
      if (!only.test(shown)) continue
      for (let tried = 0; tried < warmUps; tried++) await visitor.send(method, path, body)
      let ms = Infinity
      for (let tried = 0; tried < tries && ms > bar; tried++) {
        await app.takeHold()
        await visitor.send(method, path, body)
        ms = Math.min(ms, await app.takeHold())
      }
      tell(shown, ms)
    }
  } finally {
    await app.stop()
  }
}
