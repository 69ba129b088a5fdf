import { strict as assert } from 'node:assert'
import type { Contender } from './contender.js'
import { body, idleMs, nextMessage } from './workload.js'

/** Checks that a contender keeps the guarantees: order, counters, deadline, each message id once. */
export async function verify(name: string, contender: Contender): Promise<void> {
  const id = `verify-${process.pid}-${Date.now()}`
  try {
    await contender.prepare([id], 3)
    const before = await contender.read(id, 0)
    assert.ok(before !== undefined)
    const message = nextMessage()
    const { seq, ...standing } = await contender.append(id, message)
    assert.equal(seq, 4, 'seq goes on where it was')
    const counts = {
      lastSeq: 4,
      revision: 1,
      changes: before.changes + 1,
      bytes: before.bytes + Buffer.byteLength(message.payload),
    }
    assert.deepEqual(
      { ...standing, expiresAt: 0, createdAt: 0, updatedAt: 0, activeAt: 0 },
      { ...counts, expiresAt: 0, createdAt: 0, updatedAt: 0, activeAt: 0 },
    )
    assert.ok(Math.abs(standing.expiresAt! - standing.updatedAt - idleMs) <= 1, 'the deadline moved')
    assert.equal((await contender.append(id, message)).seq, 4, 'the same again stays where it is')
    await assert.rejects(
      contender.append(id, { ...message, payload: '"other"' }),
      'another payload is refused',
    )
    const all = await Promise.all(Array.from({ length: 32 }, () => contender.append(id, nextMessage())))
    assert.deepEqual(
      all.map((one) => one.seq).toSorted((a, b) => a - b),
      Array.from({ length: 32 }, (_, index) => index + 5),
    )

    const view = await contender.read(id, 20)
    assert.ok(view !== undefined)
    assert.equal(view.lastSeq, 36)
    assert.equal(view.body, body)
    assert.deepEqual(
      view.messages.map((one) => one.seq),
      Array.from({ length: 20 }, (_, index) => index + 17),
    )
    const [first] = (await contender.read(id, 33))!.messages
    assert.deepEqual({ id: first!.id, payload: first!.payload }, message, 'payloads come back word for word')
    assert.ok(Math.abs(view.messages[0]!.at - Date.now()) < 60_000, 'messages know when they were stored')
    assert.ok(Math.abs(view.expiresAt! - Date.now() - idleMs) < 60_000, 'the deadline moved')

    await contender.remove([id])
    assert.equal(await contender.read(id, 20), undefined)
    await assert.rejects(contender.append(id, nextMessage()), 'an absent session takes no message')
  } catch (error) {
    throw new Error(`${name} does not do what it is measured for`, { cause: error })
  }
}
