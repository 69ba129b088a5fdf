import { EventEmitter, once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSessions, memoryStore, type Sessions } from '@sessions/core'
import { createSessionApi } from '@sessions/core/http'
import { toNodeHandler } from '@sessions/core/node'
import { expect, it } from 'vitest'

function signal(): [waiting: Promise<void>, go: () => void] {
  let go = (): void => {}
  const waiting = new Promise<void>((resolve) => (go = resolve))
  return [waiting, go]
}

/** What the README says of the end of a process, as code that gets what it imports. */
function readmeShutdown(): string {
  const blocks = readFileSync('README.md', 'utf8').split('```ts\n').slice(1)
  const found = blocks.find((block) => block.includes("process.once('SIGTERM'"))!
  return found
    .slice(0, found.indexOf('```'))
    .replaceAll(/^import .*$/gm, '')
    .replaceAll("process.env['DATABASE_URL']!", "'postgres://'")
}

it('a process ends as the README says while a browser watches a session, and a turn without a reader is kept', async () => {
  const [mayEnd, goOn] = signal()
  const later: (() => void)[] = []
  const fakeProcess = new EventEmitter()
  const [hasEnded, end] = signal()
  let made: { server: Server; sessions: Sessions } | undefined
  const store = memoryStore()
  const given = {
    process: fakeProcess,
    createServer,
    createSessions,
    createPostgresPool: () => ({ end: async () => end() }),
    postgresStore: () => store,
    setTimeout: (run: () => void) => {
      later.push(run)
      return { unref() {} }
    },
    use: (server: Server, sessions: Sessions) => void (made = { server, sessions }),
  }
  // oxlint-disable-next-line no-implied-eval -- It is the page of this repository.
  const run = new Function(...Object.keys(given), `${readmeShutdown()}\nuse(server, sessions)`)
  run(...Object.values(given))
  const { server, sessions } = made!
  const api = createSessionApi({
    sessions,
    identify: () => ({ tenantId: 'acme', userId: 'alice' }),
    async *respond() {
      yield 'begun'
      await mayEnd
      yield ' and ended'
    },
  })
  const handle = toNodeHandler(api)
  server.on('request', (req, res) => void handle(req, res))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sessions`
  const headers = { 'Content-Type': 'application/json', Accept: 'text/event-stream' }
  const begun = await fetch(base, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{}',
  })
  const { session } = (await begun.json()) as { session: { id: string } }
  const body = JSON.stringify({ content: 'Hi' })
  const answer = await fetch(`${base}/${session.id}/message`, { method: 'POST', headers, body })
  const watching = await fetch(`${base}/${session.id}/events`)
  const readers = [answer, watching].map((response) => response.body!.getReader())
  await Promise.all(readers.map((reader) => reader.read()))

  fakeProcess.emit('SIGTERM')
  // The time that the README gives them is over.
  for (const one of later) one()
  await once(server, 'close')
  goOn()
  await hasEnded

  await Promise.all(readers.map((reader) => reader.cancel().catch(() => {})))
  const after = createSessions({ store })
  const kept = await after.for({ tenantId: 'acme', userId: 'alice' }).get(session.id)
  const { messages } = await kept.history()
  expect(messages.map(({ content }) => content)).toEqual(['Hi', 'begun and ended'])
  await after.close()
})
