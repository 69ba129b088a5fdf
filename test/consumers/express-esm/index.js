import { deepStrictEqual } from 'node:assert'
import { once } from 'node:events'
import { createSessions } from '@sessions/core'
import { createSessionApi, guests } from '@sessions/core/http'
import { callerSessions, sessionsErrorHandler, sessionsMiddleware, toExpressHandler } from '@sessions/express'
import express from 'express'

const sessions = createSessions()
const identify = () => ({ tenantId: 'acme' })
const visitors = guests({ secrets: ['a secret that only this project knows'] })
const app = express()
app.use(express.raw({ type: '*/*' }))
app.use(sessionsMiddleware({ sessions, identify, guests: visitors }))
app.use('/api', toExpressHandler(createSessionApi({ sessions, identify, guests: visitors })))
app.get('/count', async (req, res) => res.json(await (await callerSessions(req)).count()))
app.use(sessionsErrorHandler())

const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${server.address().port}`
const made = await fetch(`${url}/api/sessions`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{"title":"T"}',
})
const cookie = made.headers.getSetCookie()[0].split(';')[0]
const count = await (await fetch(`${url}/count`, { headers: { cookie } })).json()
deepStrictEqual([made.status, count], [201, 1])
server.close()
