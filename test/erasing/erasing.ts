import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createSessions, type SessionStore } from '@sessions/core'
import type { ErasureReceipt } from '@sessions/core/privacy'
import { type CrashPoint, haltingStore } from '@sessions/core/testing'
import { expect } from 'vitest'
import type { Backend } from './backends.js'

const script = join(import.meta.dirname, 'process.mjs')
const user = { tenantId: 'acme', userId: 'user-4711-of-acme' }
const asked = { ...user, by: user.userId, reason: 'article 17' }
const canaries = Array.from({ length: 50 }, (_, n) => `canary-${n}-${n * 7919}`)
const settings = {
  credentialSecrets: ['a secret that only these tests may know'],
  limits: { maxSessions: 100_000, maxSessionsPerUser: 100_000 },
  budgets: [{ scope: 'user', maxTokens: 1_000_000_000 }],
  audit: { secrets: ['another secret that only these tests may know'] },
} as const

export interface Plan {
  readonly kind: string
  readonly backend: Backend
  readonly sessions: number
  /** Processes that create, append, bind, fork and answer for the user while the user is erased. */
  readonly processes: number
  /** How often the erasure is killed before one may end. */
  readonly kills: number
  /** The first dies at this call of the store, each later one so many calls further on. */
  readonly step: number
  /** A `process` is killed by SIGKILL; `store` is the same without one: from a call on, no call answers any more. */
  readonly killed: 'process' | 'store'
}

/** Erases a user, kills the process that does, and looks at every row and key there is. */
export async function eraseUnderFire(plan: Plan): Promise<void> {
  const { backend, processes } = plan
  const there = await fill(backend.store, plan.sessions)
  const before = await backend.dump()
  for (const text of [user.userId, ...canaries]) expect(before).toContain(text)

  const traffic = Array.from({ length: processes }, () => start(plan, { role: 'traffic' }))
  try {
    await eraseWhile(plan, traffic, there)
  } finally {
    for (const { child } of traffic) child.kill('SIGKILL')
  }
}

/** Erases a user by two processes that begin at the same moment. */
export async function eraseTogether(plan: Pick<Plan, 'kind' | 'backend' | 'sessions'>): Promise<void> {
  const { backend } = plan
  const there = await fill(backend.store, plan.sessions)
  const erasing = [1, 2].map(() => start(plan, { role: 'erase', isGated: true }))
  for (const { lines } of erasing) expect(await next(lines)).toBe('ready')
  for (const { child } of erasing) child.stdin.write('go\n')
  for (const { lines, exit } of erasing) {
    const { receipt } = await next<{ receipt: ErasureReceipt }>(lines)
    expect(receipt.counts).toEqual(there)
    expect(await exit).toEqual([0, null])
  }
  const after = await backend.dump()
  for (const text of [user.userId, ...canaries]) expect(after.includes(text), text).toBe(false)
}

type Started = ReturnType<typeof start>

async function eraseWhile(
  plan: Plan,
  traffic: readonly Started[],
  there: Readonly<Record<string, number>>,
): Promise<void> {
  const { backend, processes, kills } = plan
  for (const { lines } of traffic) expect(await next(lines)).toBe('ready')
  for (let kill = 1; kill <= kills; kill++) {
    // Further on each time, though each finds less to do than the one before.
    await die(plan, { call: kill * plan.step, when: kill % 2 === 0 ? 'before' : 'after' })
  }
  const receipt = await erase(plan)
  for (const { child } of traffic) child.stdin.write('stop\n')
  for (const { lines, exit } of traffic) {
    const counts = await next<Record<string, number>>(lines)
    expect(counts['user_erased'], JSON.stringify(counts)).toBeGreaterThan(0)
    expect(Object.keys(counts).filter((code) => !allowed.includes(code))).toEqual([])
    expect(await exit).toEqual([0, null])
  }

  const after = await backend.dump()
  for (const text of [user.userId, ...canaries]) expect(after.includes(text), text).toBe(false)
  expect(after).toContain('somebody-else')
  const verifying = createSessions({ store: backend.store, ...settings })
  expect(await verifying.privacy.verifyReceipt(receipt, user.userId)).toBe(true)
  // What says that it was done holds, and the dump has shown that it names nobody.
  expect(await verifying.audit.verify({ tenantId: user.tenantId })).toMatchObject({ ok: true })
  if (processes === 0) expect(receipt.counts).toEqual(there)
  else expect(receipt.counts['sessions']).toBeGreaterThanOrEqual(there['sessions']!)
}

async function die(plan: Plan, dieAt: CrashPoint): Promise<void> {
  if (plan.killed === 'process') {
    const dying = start(plan, { role: 'erase', dieAt })
    const [code, signal] = await dying.exit
    expect([code, signal]).toEqual([null, 'SIGKILL'])
    return
  }
  const dying = haltingStore(plan.backend.store, dieAt)
  void createSessions({ store: dying.store, ...settings }).privacy.erase(asked)
  await dying.died
}

async function erase(plan: Plan): Promise<ErasureReceipt> {
  if (plan.killed === 'store')
    return createSessions({ store: plan.backend.store, ...settings }).privacy.erase(asked)
  const erasing = start(plan, { role: 'erase' })
  const { receipt } = await next<{ receipt: ErasureReceipt }>(erasing.lines)
  await erasing.exit
  return receipt
}

// What may become of a call whose session is removed under it.
const allowed = ['done', 'user_erased', 'not_found', 'turn_lost', 'conflict']

/** Sessions of the user, and one of somebody else. @returns What the receipt has to count. */
async function fill(store: SessionStore, count: number): Promise<Record<string, number>> {
  const sessions = createSessions({ store, ...settings })
  const mine = sessions.for(user)
  const made = async (n: number): Promise<void> => {
    const canary = (m: number) => canaries[(n * 7 + m) % canaries.length]!
    const session = await mine.create({
      ...(n === 0 ? { id: `first of ${user.userId}` } : {}),
      title: canary(0),
      label: canary(1),
      state: { a: canary(2) },
      preferences: { b: canary(3) },
      cart: [{ sku: canary(4), name: 'P', price: { amount: 1, currency: 'EUR' } }],
      messages: [{ role: 'user', content: canary(5) }],
    })
    if (n % 4 !== 0) return
    await session.turn(canary(6), () => canary(7)).result
    await session.transfer({ mode: 'move' })
  }
  for (let from = 0; from < count; from += 10)
    await Promise.all(Array.from({ length: Math.min(10, count - from) }, (_, n) => made(from + n)))
  await sessions.for({ tenantId: user.tenantId, userId: 'somebody-else' }).create({ title: 'theirs' })
  await sessions.settled()
  const rich = Math.ceil(count / 4)
  const beside = { turns: rich, transfers: rich, slots: 1, budgets: 1 }
  return { sessions: count, messages: count + 2 * rich, ...beside }
}

function start({ kind, backend }: Pick<Plan, 'kind' | 'backend'>, role: object) {
  const asked = JSON.stringify({ ...role, kind, url: backend.url, settings, user, canaries })
  const child = spawn(process.execPath, [script, asked], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>
  return { child, exit, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() }
}

async function next<T = unknown>(lines: AsyncIterator<string>): Promise<T> {
  const { value } = (await lines.next()) as { value?: string }
  if (value === undefined) throw new Error('a process has ended without a word')
  return JSON.parse(value) as T
}
