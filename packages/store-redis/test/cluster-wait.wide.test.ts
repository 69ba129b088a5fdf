import { setImmediate } from 'node:timers/promises'
import { isSessionError, type SessionRef } from '@sessions/core/store'
import { startRedisCluster, waitUntil } from '@sessions/testkit'
import { Cluster, Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { redisStore } from '../src/index.js'

const timeouts = { readTimeoutMs: 5000, writeTimeoutMs: 5000, onWarning: () => {} }
const refs: SessionRef[] = Array.from({ length: 12 }, (_, n) => ({ tenantId: 'acme', id: `s${n}` }))

test.each([false, true])(
  'a master of a Cluster killed under load: what WAIT has confirmed is there; its replica lags: %s',
  async (lags) => {
    const cluster = await startRedisCluster(3, { replicas: true })
    onTestFinished(() => cluster.stop())
    const client = new Cluster([...cluster.endpoints], { redisOptions: { commandTimeout: 4000 } })
    client.on('error', () => {})
    onTestFinished(() => client.disconnect())
    const store = redisStore(client, timeouts)
    const slots: number[] = []
    for (const ref of refs) {
      await store.commit(ref, { revision: 0 })
      slots.push(await client.cluster('KEYSLOT', `sessions:{${ref.tenantId}:${ref.id}}:log`))
    }

    const over = new AbortController()
    const acknowledged = new Set<string>()
    const confirmed = new Set<string>()
    /** The connection by which the client writes to a slot now: WAIT is about what its own connection wrote. */
    const connectionOf = (slot: number): Redis | undefined =>
      client.nodes('master').find((node) => {
        const { host, port } = node.options
        return client.slots[slot]?.[0] === `${host}:${port}`
      })
    const done = refs.map(() => 0)
    const waits = (number: number) => number % 2 === 0
    const lane = async (number: number) => {
      const ref = refs[number]!
      for (let n = 0; !over.signal.aborted; n++) {
        const id = `${number}.${n}`
        const before = connectionOf(slots[number]!)
        try {
          await store.commit(ref, { messages: [{ id, payload: id }] })
          acknowledged.add(id)
          done[number]!++
          const copies = waits(number) ? await before?.wait(1, 100).catch(() => 0) : 0
          if (copies === 1 && before === connectionOf(slots[number]!)) confirmed.add(id)
        } catch (error) {
          if (!isSessionError(error)) throw error
          await setImmediate()
        }
      }
    }
    const goesOn = async () => {
      const before = [...done]
      // A WAIT in vain holds up all commands of its connection.
      const isOn = () => done.every((count, number) => count > before[number]! + (waits(number) ? 0 : 20))
      await waitUntil(isOn, { what: 'appends of every lane' })
    }
    // It has sessions of both kinds of lanes.
    const [master, replica] = [cluster.nodes[2]!, cluster.replicas[2]!]
    const torment = async () => {
      await goesOn()
      if (lags) {
        // From here on the replica hears nothing, and who only commits does not notice.
        await replica.pause()
        const admin = new Redis(master.url)
        await admin.call('CLIENT', ['KILL', 'TYPE', 'replica'])
        admin.disconnect()
        await goesOn()
      }
      await master.kill()
      if (lags) await replica.resume()
      await cluster.promoted(replica)
      await goesOn()
    }
    await Promise.all([...refs.map((_, number) => lane(number)), torment().finally(() => over.abort())])

    const found = new Set<string>()
    for (const ref of refs) {
      for (let [after, more] = [0, true]; more;) {
        const page = await store.messages(ref, { after, limit: 1000 })
        for (const { id, seq } of page.messages) {
          found.add(id)
          after = seq
        }
        more = page.more
      }
    }
    const missing = [...acknowledged].filter((id) => !found.has(id))
    if (lags) expect(missing.length).toBeGreaterThan(0)
    expect(confirmed.size).toBeGreaterThan(100)
    expect([...confirmed].filter((id) => !found.has(id))).toEqual([])
  },
)
