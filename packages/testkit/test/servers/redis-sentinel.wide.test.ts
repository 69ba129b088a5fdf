import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sendRedis } from '../../src/servers/redis/redis-command.js'
import { startRedisSentinel, type RedisSentinel } from '../../src/servers/redis/redis-sentinel.js'
import { waitUntil } from '../../src/wait-until.js'

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
    await expectOneToFollow()
    const before = await epoch()
    await group.failover()
    expect(await epoch()).toBeGreaterThan(before)
    await expectOneToFollow()
  })

  /** The one that is not the primary takes no writes. Which one it is may change when the machine is held up. */
  async function expectOneToFollow(): Promise<void> {
    const isReadOnly = async (): Promise<boolean> => {
      const primary = await group.primary()
      const other = group.servers.find((each) => each !== primary)!
      const said = await sendRedis(other, ['SET', 'k', 'w']).catch((error: Error) => error.message)
      return String(said).includes('READONLY')
    }
    await waitUntil(isReadOnly, { what: 'one of them to follow' })
  }

  /** Grows with every failover. */
  async function epoch(): Promise<number> {
    const state = (await sendRedis(group.endpoints[0]!, ['SENTINEL', 'MASTER', group.name])) as string[]
    return Number(state[state.indexOf('config-epoch') + 1])
  }
})
