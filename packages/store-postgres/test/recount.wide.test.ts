import { spawn } from 'node:child_process'
import { createSessions, type SessionsOptions } from '@sessions/core'
import { expect, test } from 'vitest'
import { postgresAnalytics, postgresStore, postgresUsageLog } from '../src/index.js'
import { migrated, patient, useServer } from './databases.js'

const context = useServer()
const tenantId = 'acme'
const dayMs = 86_400_000
const settings = {
  credentialSecrets: ['a secret that all processes know, and nobody else'],
  turns: { leaseMs: 2000, heartbeatMs: 500, flushMs: 50 },
  onWarning: () => {},
}
const prices = [{ pattern: '*', currency: 'USD', perMillion: { input: '1', output: '2' } }]

// Talks, sweeps and asks all at once, until it is killed. It says a word for each turn.
const script = `
import { createSessions } from '@sessions/core'
import { createPostgresPool, postgresAnalytics, postgresStore, postgresUsageLog } from '@sessions/store-postgres'
const pool = createPostgresPool(process.argv[1])
const sessions = createSessions({
  ...${JSON.stringify(settings)},
  onWarning: () => {},
  store: postgresStore(pool),
  usage: { log: postgresUsageLog(pool), prices: ${JSON.stringify(prices)} },
  analytics: { log: postgresAnalytics(pool) },
})
async function talk(user) {
  for (let index = 0; ; index++) {
    const session = await sessions.for({ tenantId: '${tenantId}', userId: 'user ' + user }).create()
    await session.state.merge({ phase: 'browsing' })
    for (let turn = 0; turn < 3; turn++) {
      await session.turn('refund ' + turn, async function* () {
        yield { type: 'usage', inputTokens: 3 + user, outputTokens: index % 5, model: 'model ' + (turn % 2) }
        yield 'Yes'
      }).result
      console.log('turn')
    }
    await session.state.merge({ phase: 'checkout' })
    await session.cart.add({ sku: 'P', name: 'P', price: { amount: 100 + user, currency: 'EUR' } })
    if (index % 2 === 0) await session.cart.checkout()
  }
}
async function look() {
  for (;;) {
    await sessions.sweep({ tenants: ['${tenantId}'] })
    await sessions.analytics({ tenantId: '${tenantId}' })
  }
}
await Promise.all([look(), ...[0, 1, 2, 3, 4, 5].map(talk)])
`

/** Runs it until it has ended so many turns, and kills it. */
async function runAndKill(url: string, turns: number): Promise<void> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, url], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  let failed = ''
  child.stderr.on('data', (bytes: Buffer) => (failed += bytes.toString()))
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString()
      if (said.split('\n').length > turns) child.kill('SIGKILL')
    })
    child.on('exit', (_, signal) => (signal === 'SIGKILL' ? resolve() : reject(new Error(failed))))
  })
}

test('usage and analytics are what the logs of sessions say, after processes were killed', async () => {
  const url = await migrated(context.server)
  for (const turns of [7, 20, 41]) await runAndKill(url, turns)
  const pool = context.pools.open(url, patient.pool)
  const store = postgresStore(pool)
  const shared: SessionsOptions = {
    ...settings,
    store,
    usage: { log: postgresUsageLog(pool), prices },
  }
  const survivor = createSessions({ ...shared, analytics: { log: postgresAnalytics(pool) } })
  const { items } = await store.list({ tenantId, limit: 1000 })
  const bodies = async () =>
    Promise.all(
      items.map(async (item) => {
        const { body } = (await store.read(item))!
        return JSON.parse(body) as {
          turn?: object
          orders: { total: { amount: number } }[]
          cartCounts: { added: number }
        }
      }),
    )
  // Turns whose process died are over once nobody has renewed their lease.
  await expect
    .poll(
      async () => {
        await survivor.sweep({ tenants: [tenantId] })
        return (await bodies()).filter(({ turn }) => turn !== undefined).length
      },
      { timeout: 120_000, interval: 500 },
    )
    .toBe(0)

  const models = new Map<string, { turns: number; inputTokens: number; outputTokens: number }>()
  const active = new Map<number, Set<string>>()
  let engaged = 0
  for (const item of items) {
    const { messages } = await store.messages(item, { limit: 1000 })
    if (messages.length > 0) engaged++
    for (const { payload, at } of messages) {
      const { role, metadata } = JSON.parse(payload) as {
        role: string
        metadata?: { turn?: { usage: { model?: string; inputTokens: number; outputTokens: number } } }
      }
      const day = at - (at % dayMs)
      if (role === 'user') active.set(day, (active.get(day) ?? new Set()).add(item.userId!))
      const usage = metadata?.turn?.usage
      if (usage === undefined) continue
      const model = usage.model ?? ''
      const sum = models.get(model) ?? { turns: 0, inputTokens: 0, outputTokens: 0 }
      models.set(model, {
        turns: sum.turns + 1,
        inputTokens: sum.inputTokens + usage.inputTokens,
        outputTokens: sum.outputTokens + usage.outputTokens,
      })
    }
  }
  const { groups } = await survivor.usage({ tenantId, by: ['model'] })
  expect(new Map(groups.map(({ model = '', ...sums }) => [model, sums]))).toMatchObject(models)
  expect(groups).toHaveLength(models.size)

  const report = await survivor.analytics({ tenantId })
  const all = await bodies()
  expect(report.total).toEqual({
    sessions: items.length,
    engaged,
    carted: all.filter(({ cartCounts }) => cartCounts.added > 0).length,
    ordered: all.filter(({ orders }) => orders.length > 0).length,
    value: {
      EUR: all.flatMap(({ orders }) => orders).reduce((sum, { total }) => sum + total.amount, 0),
    },
  })
  expect(report.active.map(({ at, users }) => [at, users])).toEqual(
    [...active].map(([at, users]) => [at, users.size]).toSorted(([one], [other]) => one! - other!),
  )
  expect(report).toEqual(await createSessions(shared).analytics({ tenantId }))
}, 300_000)
