import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { isAlive } from '../../src/process/process-table.js'
import { startRedisCluster, type RedisCluster } from '../../src/servers/redis/redis-cluster.js'
import { waitUntil } from '../../src/wait-until.js'
import { sendRedis } from '../../src/servers/redis/redis-command.js'
import type { RedisServer } from '../../src/servers/redis/redis.js'

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

  it('moves a slot with its keys', async () => {
    const [from, to] = [0, 1].map((index) => cluster.nodes[index]!) as [RedisServer, RedisServer]
    const slots = (await sendRedis(from, ['CLUSTER', 'SLOTS'])) as [number, number, [string, number]][]
    const [slot] = slots.find(([, , [, port]]) => port === from.port)!
    // A tag for this slot.
    let tag = 0
    while (Number(await sendRedis(from, ['CLUSTER', 'KEYSLOT', `{${tag}}`])) !== slot) tag++
    for (const name of ['a', 'b', 'c']) await sendRedis(from, ['SET', `{${tag}}${name}`, name])
    await cluster.moveSlot(slot, from, to)
    for (const name of ['a', 'b', 'c']) expect(await sendRedis(to, ['GET', `{${tag}}${name}`])).toBe(name)
    await expect(sendRedis(from, ['GET', `{${tag}}a`])).rejects.toThrow(`MOVED ${slot}`)
  })
})

describe('a Redis Cluster with replicas', () => {
  it('promotes the replica of a master that was killed', async () => {
    const replicated = await startRedisCluster(3, { replicas: true })
    onTestFinished(() => replicated.stop())
    expect(replicated.replicas).toHaveLength(3)
    await replicated.nodes[1]!.kill()
    await replicated.promoted(replicated.replicas[1]!)
    await replicated.nodes[1]!.restart()
    await replicated.settled()
    const roleOf = async () => ((await sendRedis(replicated.nodes[1]!, ['ROLE'])) as string[])[0]
    await waitUntil(async () => (await roleOf()) === 'slave', { what: 'the former master to follow' })
  })
})
