import { startRedis, waitUntil } from '@sessions/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { redisStore } from '../src/index.js'
import { ioredis, patient } from './clients.js'
import { message } from './use-all.js'

// What a server refuses for a moment is sent again within the timeout of the call.

async function startWith(args: readonly string[]) {
  const server = await startRedis({ args })
  const admin = ioredis(server.url)
  const client = ioredis(server.url, { enableReadyCheck: false })
  onTestFinished(async () => {
    admin.disconnect()
    client.disconnect()
    await server.stop()
  })
  await client.call('PING', [])
  const said = (word: string) =>
    waitUntil(async () => (await admin.info('errorstats')).includes(word), { what: `Redis to say ${word}` })
  return { admin, client, said }
}

const ref = { tenantId: 'acme', id: 'one' }

test('while a Cluster has no node for a slot', async () => {
  const { admin, client, said } = await startWith(['--cluster-enabled', 'yes'])
  const store = redisStore(client, { ...patient, onWarning: () => {} })
  const created = store.commit(ref, { revision: 0, messages: [message(1)] })
  await said('CLUSTERDOWN')
  await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  expect((await created).messages).toMatchObject([{ seq: 1, inserted: true }])

  await admin.call('CLUSTER', 'DELSLOTSRANGE', '0', '16383')
  const hasty = redisStore(client, { readTimeoutMs: 200, writeTimeoutMs: 200, onWarning: () => {} })
  const told = { code: 'unavailable', message: 'Redis refused: CLUSTERDOWN' }
  await expect(hasty.read(ref)).rejects.toMatchObject(told)
  await expect(hasty.commit(ref, { messages: [message(2)] })).rejects.toMatchObject(told)
})

test('while a server loads its data', async () => {
  const slowly = ['--loading-process-events-interval-bytes', '1024', '--enable-debug-command', 'yes']
  const { admin, client, said } = await startWith(slowly)
  const store = redisStore(client, { ...patient, onWarning: () => {} })
  await store.commit(ref, { revision: 0, messages: [message(1)] })
  await Promise.all(Array.from({ length: 200 }, (_, n) => admin.set(`other-${n}`, 'x'.repeat(500))))
  await admin.call('CONFIG', 'SET', 'key-load-delay', '2000')
  const reloaded = ioredis(client.options.path ?? `redis://${client.options.host}:${client.options.port}`)
  onTestFinished(() => reloaded.disconnect())
  const reload = reloaded.call('DEBUG', ['RELOAD'])
  await waitUntil(async () => (await admin.info('persistence')).includes('loading:1'), {
    what: 'the server to load',
  })
  const appended = store.commit(ref, { messages: [message(2)] })
  const read = store.read(ref)
  await said('LOADING')
  await reload
  expect((await appended).messages).toMatchObject([{ seq: 2, inserted: true }])
  expect(await read).toMatchObject({ record: { incarnation: expect.any(String) as string } })
})
