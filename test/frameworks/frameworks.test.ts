import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createSessions, memoryStore } from '@sessions/core'
import { apiFixture, ApiClient } from '@sessions/core/testing'
import { describe, expect, it } from 'vitest'
import { serveFastify, serveHono } from './applications.js'
import { ownRouteCases } from './own-routes.js'

// The suite of adapters over both: frameworks.wide.test.ts.
describe.each([
  ['Hono', 'hono.ts', serveHono],
  ['Fastify', 'fastify.ts', serveFastify],
])('%s', async (_, file, serve) => {
  const store = memoryStore()
  const base = await serve(createSessions({ store }), apiFixture())
  // The count of anybody's messages, for the tests alone.
  ownRouteCases(base, async (id) => (await store.read({ tenantId: 'acme', id }))!.record.lastSeq)

  it('serves the API where it is mounted', async () => {
    const alice = new ApiClient((path, init) => fetch(`${base}/api${path}`, init), 'acme/alice')
    const made = await alice.post('/sessions', { title: 'Two phones' })
    expect(made.status).toBe(201)
    expect(made.headers.get('location')).toBe(`/api/sessions/${made.body.session.id}`)
    expect((await alice.get('/sessions')).body.sessions.items).toHaveLength(1)
  })

  it('is shown by docs/other-frameworks.md as it is tested', () => {
    const read = (path: string) => readFileSync(resolve(import.meta.dirname, path), 'utf8')
    const blocks = [...read('../../docs/other-frameworks.md').matchAll(/^```ts\n([\s\S]*?)^```$/gm)]
    expect(blocks.map(([, code]) => code)).toContain(read(file))
  })
})
