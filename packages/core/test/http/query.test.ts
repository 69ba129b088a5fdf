import { expect, it } from 'vitest'
import { createSessionApi } from '../../src/http.js'
import { createSessions } from '../../src/index.js'

const api = createSessionApi({
  sessions: createSessions(),
  identify: () => ({ tenantId: 'acme', userId: 'alice' }),
})
const ask = async (query: string) => {
  const answer = await api.handle(new Request(`https://api.test/sessions?${query}`))
  return [answer.status, await answer.json()]
}

it('of any length is refused in a time that grows with its length alone', async () => {
  // Compared with each other, so many names take minutes.
  const names = Array.from({ length: 100_000 }, (_, at) => `n${at}`).join('&')
  expect(await ask(names)).toMatchObject([413, { code: 'too_large' }])
  expect(await ask(`${names}&n99999`)).toMatchObject([400, { code: 'invalid', path: 'n99999' }])
})

it('has each parameter once', async () => {
  expect(await ask('limit=1&label=x')).toMatchObject([200, { sessions: { items: [] } }])
  for (const query of ['limit=1&limit=1', 'limit=1&label=x&%6cimit=2', 'x&x'])
    expect(await ask(query)).toMatchObject([400, { detail: expect.stringContaining('more than once') }])
})
