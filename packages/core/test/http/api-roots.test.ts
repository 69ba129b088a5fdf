import { describe, expect, it } from 'vitest'
import { createSessionApi } from '../../src/http.js'
import { createSessions } from '../../src/index.js'

describe('a mounted API', () => {
  const at = async (path: string, basePath: string, mountPath?: string) => {
    const api = createSessionApi({
      sessions: createSessions(),
      identify: () => ({ tenantId: 'acme' }),
      basePath,
    })
    const response = await api.handle(new Request(`https://api.test${path}`, { method: 'POST' }), {
      mountPath,
    })
    const { detail } = (await response.json()) as { detail?: string }
    return response.headers.get('location')?.replace(/[\w-]+$/, 'ID') ?? detail
  }

  it('counts once a path that is both its basePath and where it is mounted', async () => {
    expect(await at('/api/sessions', '/api', '/api')).toBe('/api/sessions/ID')
    expect(await at('/shop/api/sessions', '/api', '/shop/api/')).toBe('/shop/api/sessions/ID')
    expect(await at('/api/api/sessions', '/api', '/api')).toBe('/api/api/sessions/ID')
    expect(await at('/v1/api/sessions', '/api', '/v1')).toBe('/v1/api/sessions/ID')
  })

  it('says where its paths begin to who asks for one of them elsewhere', async () => {
    const none = 'There is no route at this path.'
    const elsewhere = (path: string) => `${none} This API answers at ${path}/sessions:`
    expect(await at('/api/sessions', '')).toContain(elsewhere(''))
    expect(await at('/sessions', '/v1', '/api')).toContain(elsewhere('/api/v1'))
    for (const path of ['/', '/api/others', '/sessions/a/nothing']) expect(await at(path, '')).toBe(none)
  })
})
