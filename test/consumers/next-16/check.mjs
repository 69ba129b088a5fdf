import { deepStrictEqual } from 'node:assert'
import { spawn } from 'node:child_process'
import { once } from 'node:events'

const bin = 'node_modules/next/dist/bin/next'
const server = spawn(process.execPath, [bin, 'start', '-H', '127.0.0.1', '-p', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
let said = ''
for await (const chunk of server.stdout) {
  said += chunk
  if (said.includes('Ready')) break
}
const base = `${/http:\/\/127\.0\.0\.1:\d+/.exec(said)[0]}/docs`
try {
  const made = await fetch(`${base}/api/sessions`, { method: 'POST' })
  const { session } = await made.json()
  const cookie = made.headers.getSetCookie()[0].split(';')[0]
  const headers = { cookie }
  const found = await (await fetch(`${base}/chat/${session.id}`, { headers })).json()
  const page = await (await fetch(base, { headers })).text()
  const closed = await fetch(`${base}/closed`, { redirect: 'manual' })
  deepStrictEqual(
    {
      made: made.status,
      location: made.headers.get('location'),
      servers: (await (await fetch(`${base}/api/sessions/openapi.json`)).json()).servers,
      found,
      foreign: (await fetch(`${base}/chat/${session.id}`)).status,
      page: /sessions: \d+/.exec(page)?.[0],
      closed: closed.headers.get('location'),
    },
    {
      made: 201,
      location: `/docs/api/sessions/${session.id}`,
      servers: [{ url: '/docs' }],
      found: { id: session.id },
      foreign: 404,
      page: 'sessions: 1',
      closed: '/docs/start',
    },
  )
} finally {
  server.kill()
  await once(server, 'exit')
}
