import { describe, expect, it } from 'vitest'
import type { Respond } from '../../src/index.js'
import { LineDigest } from '../../src/portability/export-line.js'
import { admin, alice, anonymous, bob, codeOf, service } from '../service.js'

type Line = Record<string, unknown>

const uses = (inputTokens: number): Respond =>
  async function* () {
    yield 'There'
    yield { type: 'usage', inputTokens }
  }

const manifest = { type: 'manifest', format: 'sessions', version: 1, tenantId: 'acme', at: 1 }

/** An export of an empty session that says of itself that it is a fork, as anybody could write it. */
async function forkOf(lineage: Line): Promise<string[]> {
  const body = { path: [{ from: 1 }], lineage }
  const about = { createdAt: 1, updatedAt: 2, lastSeq: 0, trimmedSeq: 0, bytes: 0, body }
  const lines: Line[] = [manifest, { type: 'session', id: 'crafted', ...about }]
  const digest = new LineDigest()
  for (const line of lines) await digest.add(JSON.stringify(line))
  const end = { type: 'end', sessions: 1, messages: 0, digest: digest.value }
  return [...lines, end].map((line) => `${JSON.stringify(line)}\n`)
}

async function linesOf(pieces: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = []
  for await (const piece of pieces) found.push(piece)
  return found
}

const lineages = (lines: readonly string[]) =>
  lines.flatMap((line) => {
    const { type, id, body } = JSON.parse(line) as { type: string; id: string; body: Line }
    return type === 'session' ? [[id, body['lineage']] as const] : []
  })

describe('a fork that is imported', () => {
  it.each<[string, (victim: string) => Line]>([
    ['the session that it was forked from', (victim) => ({ sessionId: victim, seq: 0 })],
    ['the first in its line', (victim) => ({ sessionId: 'own', rootId: victim, seq: 0 })],
  ])('spends nothing of the budget of %s, as the file calls it', async (_, lineageOf) => {
    const sessions = service({ budgets: [{ scope: 'session', maxTokens: 30 }], onWarning: () => {} })
    const theirs = await sessions.for(bob).create()
    const mine = sessions.for(alice)
    await mine.import(await forkOf(lineageOf(theirs.id)))
    const crafted = await mine.get('crafted')
    expect(await codeOf(crafted.turn('Hi', uses(30)).result)).toBe('settled')
    expect(await codeOf(theirs.turn('Hi', uses(30)).result)).toBe('settled')
    // Each has spent its own.
    expect(await codeOf(theirs.turn('Hi', uses(1)).result)).toBe('budget_exceeded')
    const fork = await mine.fork(crafted)
    for (const each of [crafted, fork, await mine.fork(fork)])
      expect(await codeOf(each.turn('Hi', uses(1)).result)).toBe('budget_exceeded')
  })

  it('spends nothing of what the holder of an anonymous session may spend', async () => {
    const sessions = service({ budgets: [{ scope: 'user', maxTokens: 30 }], onWarning: () => {} })
    const visitor = await sessions.for(anonymous).create()
    const theAdmin = sessions.for(admin)
    await theAdmin.import(await forkOf({ sessionId: visitor.id, seq: 0 }))
    expect(await codeOf((await theAdmin.get('crafted')).turn('Hi', uses(30)).result)).toBe('settled')
    expect(await codeOf(visitor.turn('Hi', uses(30)).result)).toBe('settled')
  })

  it('says where it came from, and so does an export of it', async () => {
    const mine = service().for(alice)
    const root = await mine.create({ messages: [{ role: 'user', content: 'Hi' }] })
    const fork = await mine.fork(root)
    const forkOfFork = await mine.fork(fork)
    const lines = await linesOf(mine.export())
    const told = new Map(lineages(lines))
    expect(told.get(root.id)).toBeUndefined()
    expect(told.get(fork.id)).toEqual({ sessionId: root.id, seq: 1 })
    expect(told.get(forkOfFork.id)).toEqual({ sessionId: fork.id, seq: 1 })
    const there = service().for(alice)
    await there.import(lines)
    expect(new Map(lineages(await linesOf(there.export())))).toEqual(told)
  })
})
