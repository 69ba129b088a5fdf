import type { SessionRef, SessionStore } from '@sessions/core/store'
import { startRedis, type RedisServer } from '@sessions/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { redisStore } from '../src/index.js'
import { ioredis, patient } from './clients.js'

let server: RedisServer
let client: Redis
let store: SessionStore

beforeAll(async () => {
  server = await startRedis()
  client = ioredis(server.url)
  store = redisStore(client, patient)
})
afterAll(async () => {
  client.disconnect()
  await server.stop()
})

interface Death {
  /** Which command is the last one, from 1 on. */
  readonly at: number
  /** Whether the server gets it. */
  readonly isSent: boolean
}

/** A client whose process dies at a command: of that one and every later one no answer comes. */
class DyingClient extends Redis {
  commands = 0
  #isDead = false
  #die = (): void => {}
  readonly died = new Promise<void>((resolve) => {
    this.#die = resolve
  })
  death: Death | undefined

  override sendCommand(...[command, stream]: Parameters<Redis['sendCommand']>): unknown {
    const never = new Promise(() => {})
    // What the client says by itself when it connects is not of the store.
    if (this.status !== 'ready' || command.name === 'info') return super.sendCommand(command, stream)
    if (this.#isDead) return never
    this.commands++
    if (this.commands !== this.death?.at) return super.sendCommand(command, stream)
    this.#isDead = true
    if (!this.death.isSent) {
      this.#die()
      return never
    }
    const answered = super.sendCommand(command, stream) as Promise<unknown>
    answered.then(this.#die, this.#die)
    return never
  }
}

const names = { userId: 'alice', label: 'support' }

interface Operation {
  /** Makes what the operation begins with. */
  readonly before?: (ref: SessionRef) => Promise<unknown>
  readonly run: (store: SessionStore, ref: SessionRef) => Promise<unknown>
}

const operations: Record<string, Operation> = {
  'a create': {
    run: (dying, ref) => dying.commit(ref, { revision: 0, body: 'mine', idleMs: 60_000, ...names }),
  },
  'a bind': {
    before: (ref) => store.commit(ref, { revision: 0, label: 'support', idleMs: 60_000 }),
    run: (dying, ref) => dying.commit(ref, { revision: 1, body: 'hers', userId: 'alice' }),
  },
  'a change of user': {
    before: (ref) => store.commit(ref, { revision: 0, userId: 'bob', label: 'support' }),
    run: (dying, ref) => dying.commit(ref, { userId: 'alice' }),
  },
  'a change of label': {
    before: (ref) => store.commit(ref, { revision: 0, userId: 'alice', label: 'sales' }),
    run: (dying, ref) => dying.commit(ref, { label: 'support' }),
  },
  'the loss of both names': {
    before: (ref) => store.commit(ref, { revision: 0, ...names }),
    run: (dying, ref) => dying.commit(ref, { userId: '', label: '' }),
  },
  'a removal': {
    before: (ref) => store.commit(ref, { revision: 0, ...names }),
    run: (dying, ref) => dying.remove(ref),
  },
  'a restore': {
    run: async (dying, ref) => {
      const from = { ...ref, id: 'from' }
      await store.commit(from, { revision: 0, messages: [{ id: 'm1', payload: '1' }], ...names })
      const copy = (await store.read(from, { tail: 1 }))!
      await store.remove(from)
      await dying.restore(ref, copy)
    },
  },
}

/** Checks that a session which can be read stands in every list that it belongs to, and an absent one in none. */
async function expectListedOrAbsent(ref: SessionRef): Promise<'listed' | 'absent'> {
  const stored = await store.read(ref)
  const record = stored?.record
  for (const userId of [undefined, 'alice', 'bob']) {
    for (const label of [undefined, 'support', 'sales']) {
      const query = { tenantId: ref.tenantId, ...(userId && { userId }), ...(label && { label }) }
      const belongs =
        record !== undefined &&
        (userId ?? record.userId) === record.userId &&
        (label ?? record.label) === record.label
      const listed = (await store.list({ ...query, limit: 10 })).items
      expect(listed, JSON.stringify(query)).toEqual(belongs ? [record] : [])
    }
  }
  return record === undefined ? 'absent' : 'listed'
}

describe.each(Object.entries(operations))('a process that dies in %s', (name, { before, run }) => {
  test('leaves a session that is listed where it belongs, or none', async () => {
    const seen = new Set<string>()
    for (let at = 1, isOver = false; !isOver; at++) {
      for (const isSent of [false, true]) {
        const ref = { tenantId: `${name} ${at} ${isSent}`, id: 'a' }
        await before?.(ref)
        const dying = new DyingClient(server.url, { lazyConnect: true })
        await dying.connect()
        const work = redisStore(dying, patient)
        await work.read(ref)
        dying.commands = 0
        dying.death = { at, isSent }
        const ended = run(work, ref).then(() => true)
        // Its last command was before the one it was to die at: every death has been tried.
        isOver = await Promise.race([ended, dying.died.then(() => false)])
        dying.disconnect()
        seen.add(await expectListedOrAbsent(ref))
      }
    }
    expect([...seen].toSorted()).toEqual(
      name === 'a create' || name === 'a removal' || name === 'a restore' ? ['absent', 'listed'] : ['listed'],
    )
  })
})
