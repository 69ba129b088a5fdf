import { describe, expect, it } from 'vitest'
import { apiFixture } from '../../src/testing.js'

describe('a moment of a query', () => {
  const api = apiFixture()
  const ask = async (path: string) => {
    const headers = { authorization: 'Bearer acme/boss/admin' }
    const answer = await api.handle(new Request(`http://localhost${path}`, { headers }))
    return { status: answer.status, body: (await answer.json()) as { path?: string } }
  }

  it.each(['/usage?', '/audit?', '/analytics?', '/search/messages?q=x&', '/search/sessions?q=x&'])(
    'may be before 1970: %s',
    async (path) => {
      expect((await ask(`${path}from=1960-01-01`)).status).toBe(200)
      expect(await ask(`${path}from=1960-02-30`)).toMatchObject({ status: 400, body: { path: 'from' } })
    },
  )
})
