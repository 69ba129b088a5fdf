import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sendRedis } from '../src/redis-command.js'
import { startRedisSentinel, type RedisSentinel } from '../src/redis-sentinel.js'
import { waitUntil } from '../src/wait-until.js'

let group: RedisSentinel

describe('a Redis behind Sentinels', () => {
  beforeAll(async () => {
    group = await startRedisSentinel()
  })
  afterAll(() => group.stop())

  it('is named by each of them', async () => {
    const [first] = group.servers
    expect(await group.primary()).toBe(first)
    for (const sentinel of group.endpoints) {
      const address = await sendRedis(sentinel, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', group.name])
      expect(address).toEqual([first!.host, String(first!.port)])
    }
  })

  it('is replaced when it dies, follows when it is back, and takes over again when it is asked to', async () => {
    const [first, second] = group.servers
    await sendRedis(first!, ['SET', 'k', 'v'])
    // Not by WAIT: it would speak for a connection of its own, which wrote nothing.
    await waitUntil(async () => (await sendRedis(second!, ['GET', 'k'])) === 'v', {
      what: 'the replica to have it',
    })
    await first!.kill()
    expect(await group.primary()).toBe(second)
    expect(await sendRedis(second!, ['GET', 'k'])).toBe('v')
    await group.rejoin(first!)
    await expect(sendRedis(first!, ['SET', 'k', 'w'])).rejects.toThrow('READONLY')
    // A machine held up for half a second may have had the Sentinels change their minds meanwhile.
    const former = await group.primary()
    await group.failover()
    await expect(sendRedis(former, ['SET', 'k', 'w'])).rejects.toThrow('READONLY')
  })
})
