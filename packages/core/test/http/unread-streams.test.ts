import { expect, it, vi } from 'vitest'
import { WakeUps } from '../../src/service/wake-ups.js'
import { apiFixture, ApiClient } from '../../src/testing.js'

const watch = Reflect.get(WakeUps.prototype, 'watch')
let watching = 0
vi.spyOn(WakeUps.prototype, 'watch').mockImplementation(function (this: WakeUps, ref) {
  const made = watch.call(this, ref)
  watching++
  const stop = made.stop.bind(made)
  made.stop = () => {
    watching--
    stop()
  }
  return made
})

it.each(['HEAD', 'GET'])('a stream of which nothing is read leaves nothing behind: %s', async (method) => {
  const api = apiFixture()
  const send = (path: string, init?: RequestInit) => api.handle(new Request(`https://api.test${path}`, init))
  const client = new ApiClient(send, 'acme/alice')
  const id = await client.newSession()
  const { body } = await client.send('POST', `/sessions/${id}/message`, { body: { content: 'hello' } })
  const headers = { authorization: 'Bearer acme/alice' }
  for (const path of [`turns/${body.turn.id}`, 'events'])
    for (let index = 0; index < 30; index++) {
      const answer = await send(`/sessions/${id}/${path}`, { method, headers })
      expect(answer.status, path).toBe(200)
      await answer.body?.cancel()
    }
  await vi.waitFor(() => expect(watching).toBe(0))
})
