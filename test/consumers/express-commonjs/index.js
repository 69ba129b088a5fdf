const { deepStrictEqual } = require('node:assert')
const { once } = require('node:events')
const express = require('express')
const { createSessions, SessionError } = require('@sessions/core')
const { createSessionApi } = require('@sessions/core/http')
const {
  getSession,
  sessionsErrorHandler,
  sessionsMiddleware,
  toExpressHandler,
} = require('@sessions/express')

const sessions = createSessions()
const identify = () => ({ tenantId: 'acme' })
const app = express()
app.use(express.json())
app.use(sessionsMiddleware({ sessions, identify }))
app.use('/api', toExpressHandler(createSessionApi({ sessions, identify })))
app.post('/chat', async (req, res) => {
  const session = await getSession(req)
  await session.append({ role: 'user', content: req.body.text })
  res.json({ id: session.id })
})
app.use(sessionsErrorHandler())

async function main() {
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}`
  const post = (path, body) =>
    fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const session = await sessions.for({ tenantId: 'acme', userId: 'alice' }).create()
  const turn = session.turn(
    'Hi',
    async ({ context }) => (await context({ maxTokens: 1000 })).messages[0].content,
  )
  // `import()` gets the same classes as `require`.
  const loaded = await import('@sessions/core')
  deepStrictEqual(
    [
      (await post('/chat', { text: 'Hi' })).status,
      (await post('/chat', { text: 5 })).status,
      (await post('/api/sessions', {})).headers.get('location').slice(0, 14),
      loaded.SessionError === SessionError,
      (await turn.result).text,
    ],
    [200, 400, '/api/sessions/', true, 'Hi'],
  )
  server.close()
}
main()
