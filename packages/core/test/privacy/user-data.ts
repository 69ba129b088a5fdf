import type { SessionStore, Sessions, SessionsOptions } from '../../src/index.js'
import { createSessionApi } from '../../src/http/api.js'
import { sideRecordKinds, sideRecordTenant } from '../../src/service/side-records.js'
import { service } from '../service.js'

export const settings = {
  credentialSecrets: ['a secret that all processes know, and nobody else'],
  limits: { maxSessions: 1000, maxSessionsPerUser: 1000 },
  budgets: [
    { scope: 'user' as const, maxTokens: 1_000_000 },
    { scope: 'session' as const, maxTokens: 1_000_000 },
  ],
} satisfies SessionsOptions

export const user = { tenantId: 'acme', userId: 'alice@example.com' }
export const erasing = { ...user, by: user.userId, reason: 'article 17' }
export const other = { tenantId: 'acme', userId: 'bob@example.com' }

/** What nobody may find any more after the erasure. */
export const canaries = [
  'canary title',
  'canary word',
  'canary reply',
  'canary state',
  'canary sku',
  'canary fact',
]

/** A user with three sessions and one record, or more, of each kind; and another user with a session. */
export async function withUserData(store: SessionStore): Promise<{ sessions: Sessions; counts: object }> {
  const sessions = service({ store, ...settings })
  const mine = sessions.for(user)
  const one = await mine.create({ title: 'canary title', state: { a: 'canary state' } })
  await one.cart.add({ sku: 'canary sku', name: 'P', price: { amount: 1, currency: 'EUR' } })
  await one.remember({ text: 'canary fact' })
  await one.turn('canary word', () => [{ type: 'usage', inputTokens: 1 }, 'canary reply']).result
  await one.remember({ text: 'canary fact' }, { scope: 'user' })
  await one.transfer({ mode: 'move' })
  await mine.create({ id: `of ${user.userId}`, messages: [{ role: 'user', content: 'canary word' }] })
  const api = createSessionApi({ sessions, header: true, identify: () => ({ tenantId: 'acme' }) })
  const made = await api.handle(
    new Request('https://api.test/sessions', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k'.repeat(32) },
      body: JSON.stringify({ title: 'canary title' }),
    }),
  )
  const guest = sessions.for({ tenantId: 'acme' })
  const anonymous = (await guest.findByCredential(made.headers.get('x-session-id')!))!
  await anonymous.append({ role: 'user', content: 'canary word' })
  await (await mine.findByCredential(await anonymous.credential()))!.bind()
  await (await sessions.for(other).create({ id: 'bobs' })).append({ role: 'user', content: 'hello' })
  return {
    sessions,
    counts: {
      sessions: 3,
      messages: 4,
      turns: 1,
      requests: 1,
      transfers: 1,
      slots: 1,
      budgets: 2,
      memory: 1,
    },
  }
}

/** Everything that a store lists of a tenant and the library's own tenants beside it, as one text. */
export async function dumpOf(store: SessionStore, tenantId: string): Promise<string> {
  const found: unknown[] = []
  for (const each of [tenantId, ...sideRecordKinds.map((kind) => sideRecordTenant(kind, tenantId))]) {
    const { items } = await store.list({ tenantId: each, limit: 1000 })
    for (const item of items) found.push(each, await store.read(item, { tail: 1000 }))
  }
  return JSON.stringify(found)
}
