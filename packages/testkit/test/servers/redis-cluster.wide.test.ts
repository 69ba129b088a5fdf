import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAlive } from '../../src/process/process-table.js'
import { startRedisCluster, type RedisCluster } from '../../src/servers/redis-cluster.js'
import { sendRedis } from '../../src/servers/redis-command.js'

let cluster: RedisCluster

describe('a Redis Cluster', () => {
  beforeAll(async () => {
    cluster = await startRedisCluster(3)
  })
  afterAll(() => cluster.stop())

  it('has three masters that share all slots', async () => {
    const shares = (await sendRedis(cluster.nodes[0]!, ['CLUSTER', 'SLOTS'])) as [number, number, unknown[]][]
    const sizes = shares.map(([first, last]) => last - first + 1)
    expect(sizes.toSorted((a, b) => a - b)).toEqual([5461, 5461, 5462])
    const ports = shares.map(([, , node]) => node[1])
    expect(new Set(ports)).toEqual(new Set(cluster.endpoints.map(({ port }) => port)))
  })

  it('keeps each key on one node, and the others point there', async () => {
    const answers = await Promise.all(
      cluster.nodes.map((node) => sendRedis(node, ['SET', 'greeting', 'hello']).catch(String)),
    )
    const owner = cluster.nodes[answers.indexOf('OK')]!
    const others = answers.filter((answer) => answer !== 'OK')
    expect(others).toHaveLength(2)
    for (const answer of others) expect(answer).toMatch(new RegExp(`MOVED \\d+ 127.0.0.1:${owner.port}`))
    expect(await sendRedis(owner, ['GET', 'greeting'])).toBe('hello')
  })

  it('gets over the crash of a node once it is back', async () => {
    const [node] = cluster.nodes
    const { pid } = node!
    await node!.kill()
    expect(isAlive(pid)).toBe(false)
    await node!.restart()
    await cluster.settled()
  })
})
