import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { basename, join } from 'node:path'
import { type Server, startRedis, waitUntil } from '@sessions/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Application, folder, stopAll, version } from './application.js'
import { Browser } from './browser.js'
import { load } from './page.js'

let copy: string
let redis: Server

/** A copy of the application, for its files are edited; it finds what it needs in the folder above. */
function copyApplication(): void {
  const names = [
    'app',
    'lib',
    'proxy.ts',
    'middleware.js',
    'next.config.ts',
    'next.config.mjs',
    'package.json',
  ]
  for (const name of [...names, 'cache-handler.mjs']) {
    if (existsSync(join(folder, name))) cpSync(join(folder, name), join(copy, name), { recursive: true })
  }
}

/** How many connections of the application Redis has. */
async function connections(): Promise<number> {
  const { hostname, port } = new URL(redis.url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.write('CLIENT LIST\r\n')
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return String(answer).match(/name=next-chat /g)?.length ?? 0
}

/** Has `next dev` serve edit after edit of a file that makes the sessions. */
export function testEdits(edits: number): void {
  beforeAll(async () => {
    copy = mkdtempSync(join(folder, '.dev-'))
    redis = await startRedis()
  })
  afterAll(async () => {
    await stopAll()
    await redis.stop()
    rmSync(copy, { recursive: true, force: true })
  })

  it('opens one client, however often files are edited in next dev', { timeout: 1_800_000 }, async () => {
    copyApplication()
    const extension = version === '16' ? 'ts' : 'js'
    // Where the sessions are made, for pages and for the route, which tells what it has of it.
    const chat = join(copy, `lib/chat.${extension}`)
    const route = join(copy, `app/chat/route.${extension}`)
    const chatBefore = readFileSync(chat, 'utf8')
    const telling = readFileSync(route, 'utf8').replace(
      'status: 201',
      "status: 201, headers: { 'x-edit': edit }",
    )
    writeFileSync(route, `import { edit } from '../../lib/chat'\n${telling}`)
    const app = await Application.run({ REDIS_URL: redis.url }, { command: 'dev', cwd: copy })
    const browser = new Browser(app.url)

    for (let edit = 0; edit <= edits; edit += 1) {
      writeFileSync(chat, `${chatBefore}\nexport const edit = '${edit}'\n`)
      const isServed = async (): Promise<boolean> => {
        const response = await browser.post('/chat', { text: `edit ${edit}` })
        await response.text()
        return response.headers.get('x-edit') === String(edit)
      }
      await waitUntil(isServed, { what: `edit ${edit} of ${basename(chat)}` })
      // Pages have bundles of their own, which open nothing either. Rendering one is slow here, so not after each edit.
      if (edit % 10 === 9) {
        expect((await load(await browser.fetch('/proxied'))).shown).toMatchObject({ id: expect.any(String) })
      }
      expect(await connections()).toBe(1)
    }
    await app.stop()
  })
}
