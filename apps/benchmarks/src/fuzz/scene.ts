import type { CallerSessions, Session, SessionRecord, Sessions, SessionStore } from '@sessions/core'
import type { Caller } from './requests.js'
import type { Placeholder } from './values.js'

/** What one run works on: a tenant of its own, with a session of a user, one of a guest, and one of another user. */
export interface Scene {
  readonly tenantId: string
  readonly mine: CallerSessions
  readonly session: Session
  readonly guest: Session
  /** `value` with what is known of the scene in the place of placeholders. */
  filled<T>(value: T): T
  /** All that a refused call must leave as it was. */
  digest(): Promise<string>
  /** Headers by which the API knows a caller. */
  headersOf(caller: Caller): Record<string, string>
}

/** False for a session that is about to end by itself, which would seem to be the work of the next call. */
export function lasts(record: SessionRecord | undefined): boolean {
  return (record?.expiresAt ?? Infinity) > Date.now() + 10_000
}

export async function setScene(sessions: Sessions, store: SessionStore, tenantId: string): Promise<Scene> {
  const mine = sessions.for({ tenantId, userId: 'alice' })
  const nobody = sessions.for({ tenantId })
  const session = await mine.create({
    title: 'Phones',
    label: 'chat',
    state: { phase: 'search', nested: { a: 1 } },
  })
  const { items } = await session.cart.add({
    sku: 'P1',
    name: 'Phone',
    price: { amount: 100, currency: 'EUR' },
  })
  await session.append([
    { role: 'user', content: 'Two phones, please', id: 'm1' },
    {
      role: 'assistant',
      content: [{ type: 'tool-call', toolCallId: 'c1', toolName: 'locate', input: {} }],
      id: 'm2',
    },
    { role: 'user', content: 'And a case', id: 'm3' },
  ])
  const { turnId } = await session.turn('Which ones?', () => 'Red ones').result
  const branch = await session.rewind(2)
  const [fact] = await session.remember({ text: 'likes red', subject: 'colour' })
  const transfer = await session.transfer({ mode: 'share' })
  const guest = await nobody.create({ messages: [{ role: 'user', content: 'Hello', id: 'm1' }] })
  const other = await sessions.for({ tenantId, userId: 'mallory' }).create()
  const credential = await guest.credential()
  const texts: Record<Placeholder | '«etag»', string> = {
    '«session»': session.id,
    '«guest»': guest.id,
    '«other»': other.id,
    '«item»': items[0]!.id,
    '«branch»': branch.id,
    '«turn»': turnId,
    '«message»': 'm1',
    '«transfer»': transfer.transferId,
    '«secret»': transfer.secret,
    '«shortCode»': transfer.shortCode,
    '«credential»': credential,
    '«cursor»': '3',
    '«fact»': fact!.id,
    '«etag»': `"${session.record.revision}-${session.record.createdAt.toString(36)}"`,
  }
  const refs = [session.ref, guest.ref, other.ref]
  return {
    tenantId,
    mine,
    session,
    guest,
    filled: (value) => withKnown(value, texts, 0) as typeof value,
    async digest() {
      const stored = await Promise.all(refs.map((ref) => store.read(ref, { tail: 1000 })))
      const { items } = await store.list({ tenantId, limit: 1000 })
      return JSON.stringify([stored.map((each) => (lasts(each?.record) ? each : null)), items.filter(lasts)])
    },
    headersOf(caller) {
      if (caller === 'guest') return { authorization: `Bearer ${tenantId}`, 'x-session-id': credential }
      const users = { owner: '/alice', other: '/mallory', admin: '/olga/admin', nobody: '' }
      if (caller === 'refused') return { authorization: 'Bearer nobody' }
      if (caller === 'elsewhere') return { authorization: `Bearer ${tenantId}-2/alice` }
      return { authorization: `Bearer ${tenantId}${users[caller]}` }
    },
  }
}

// Deeper down nothing is meant to be understood.
const deepest = 6

function withKnown(value: unknown, texts: Readonly<Record<string, string>>, depth: number): unknown {
  if (typeof value === 'string')
    return value.includes('«') && value.length < 300 ? withTexts(value, texts) : value
  if (typeof value !== 'object' || value === null || depth >= deepest) return value
  if (Array.isArray(value))
    return value.length > 100 ? value : value.map((each) => withKnown(each, texts, depth + 1))
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  const made: Record<string, unknown> = {}
  for (const [name, each] of Object.entries(value)) {
    // Also one named `__proto__`.
    Object.defineProperty(made, name, {
      value: withKnown(each, texts, depth + 1),
      enumerable: true,
      writable: true,
      configurable: true,
    })
  }
  return made
}

function withTexts(text: string, texts: Readonly<Record<string, string>>): string {
  return text.replaceAll(/«\w+»/g, (name) => texts[name] ?? name)
}
