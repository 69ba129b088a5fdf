import { startRedis } from '@sessions/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startRestFront } from '../../../packages/store-redis/test/rest-front.js'
import { LLMGateway } from '../src/llm-gateway.js'
import { parseKeys } from '../src/merchants.js'
import { openStore, storeFromEnv } from '../src/store.js'
import { startServer } from './server.js'

type Redis = Awaited<ReturnType<typeof startRedis>>
type Front = Awaited<ReturnType<typeof startRestFront>>

let redis: Redis
let front: Front

beforeAll(async () => {
  redis = await startRedis()
  front = await startRestFront(redis.url)
})
afterAll(async () => {
  await front.stop()
  await redis.stop()
})

describe('session.redis', () => {
  it.each(['redis://', 'Upstash'])('keeps sessions by %s, across gateways', async (kind) => {
    const secrets = ['a secret of these tests, 32 bytes long']
    const settings = kind === 'Upstash' ? { url: front.url, token: front.token } : { url: redis.url }
    const options = { session: { redis: settings, ttl: 3600, secrets } }
    const first = await startServer(options)
    const client = first.client()
    await expect
      .poll(async () => (await client.send('POST', '/v1/execute', { tool: 'search_products' })).status)
      .toBe(200)
    await client.run('add_to_cart', { sku: 'KL-CUP' })
    await first.close()
    const second = await startServer(options)
    const again = second.client({ 'x-session-id': client.credential! })
    await expect
      .poll(async () => (await again.send('POST', '/v1/execute', { tool: 'view_cart' })).body['output'])
      .toMatchObject({ itemCount: 1 })
    const { body } = await again.send('POST', '/v1/execute', { tool: 'view_cart' })
    const { body: shown } = await again.send('GET', `/v1/sessions/${body['sessionId']}`)
    const { updatedAt, expiresAt } = shown['session']
    expect(Date.parse(expiresAt) - Date.parse(updatedAt)).toBe(3_600_000)
    await second.close()
  })

  it('takes rediss://, and refuses what is neither', async () => {
    const gateway = new LLMGateway({ session: { redis: { url: 'rediss://127.0.0.1:1/0' } } })
    await gateway.close()
    const open = (settings: { url: string | undefined; token?: string }) =>
      new LLMGateway({ session: { redis: settings } })
    expect(() => open({ url: 'ftp://x' })).toThrow(/must be redis/)
    expect(() => open({ url: 'https://x.upstash.io' })).toThrow(/token is missing/)
    expect(() => open({ url: 'redis://x', token: 't' })).toThrow(/for Upstash/)
    for (const url of [undefined, '']) {
      expect(() => open({ url })).toThrow('redis.url is missing: is REDIS_URL set?')
      expect(() => open({ url, token: 't' })).toThrow('redis.url is missing: is REDIS_URL set?')
    }
    expect(() => open({ url: 'localhost' })).toThrow(/redis.url is no URL: it must be like redis:/)
  })
})

it('chooses a store by the environment', async () => {
  expect(storeFromEnv({})).toBe('sqlite')
  expect(storeFromEnv({ REDIS_URL: 'redis://x' })).toBe('redis')
  expect(storeFromEnv({ REDIS_URL: 'redis://x', DATABASE_URL: 'postgres://x' })).toBe('postgres')
  await expect(openStore('floppy', {})).rejects.toThrow(/memory, sqlite, sharded, redis, tiered, postgres/)
})

it('reads API keys from the environment, and never says them', () => {
  expect(parseKeys('nordwind:claude:0123456789abcdef')).toEqual([
    { tenantId: 'nordwind', assistant: 'claude', key: '0123456789abcdef' },
  ])
  expect(() => parseKeys('nordwind:claude:tooshort')).toThrow(/entry 1/)
  expect(() => parseKeys('nordwind:claude:tooshort')).not.toThrow(/tooshort/)
})
