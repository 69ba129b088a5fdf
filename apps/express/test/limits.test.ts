import { expect, test } from 'vitest'
import { startServer } from './server.js'

test('answers so many requests of an address in a minute, and says when to come back', async () => {
  const server = await startServer({ requestsPerMinute: 3 })
  const client = server.client()
  const path = await client.start()
  expect((await client.send('GET', `${path}/info`)).status).toBe(200)
  expect((await client.send('GET', '/products/KINDLE')).status).toBe(200)
  const answer = await client.send('POST', '/query', { q: 'hello' })
  expect(answer.status).toBe(429)
  expect(answer.body).toEqual({
    success: false,
    error: { code: 'limit_reached', message: 'Too many requests.' },
  })
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(60)
  expect(await server.count()).toBe(1)
  expect((await fetch(server.url)).status, 'the page itself').toBe(200)
  expect(server.errors).toEqual([])
  await server.close()
})

test('is limited unless it is told otherwise', async () => {
  const server = await startServer({ requestsPerMinute: undefined })
  const { headers } = await server.client().send('GET', '/products/KINDLE')
  expect(headers.get('ratelimit-policy')).toContain('q=600; w=60')
  await server.close()
})
