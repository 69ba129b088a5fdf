import { expect, it } from 'vitest'
import { memoryStore, type Session } from '../../src/index.js'
import { changingStore } from '../changing-store.js'
import { alice, service } from '../service.js'

const dayMs = 86_400_000

it.each([
  ['a redaction', async (session: Session, seq: number) => session.redact(seq), /a canary/, false],
  [
    'another text',
    async (session: Session, seq: number) => session.amend(seq, { content: 'better' }),
    /better/,
    true,
  ],
  [
    'an annotation',
    async (session: Session, seq: number) => session.annotate(seq, { likes: 'this' }),
    /likes/,
    true,
  ],
] as const)(
  '%s of an answer stays, at whatever moment retention takes its documents',
  async (_, change, what, isThere) => {
    for (let at = 1, calls = 1; at <= calls; at++) {
      let now = Date.now()
      const inner = memoryStore({ clock: () => now })
      const ttl = { idleMs: 100 * dayMs, absoluteMs: 100 * dayMs }
      const over = (store = inner) => service({ store, ttl, retention: { documentsMs: dayMs } })
      const session = await over().for(alice).create()
      const document = { type: 'document' as const, document: { id: 'd1', title: 'a long paper' } }
      await session.turn('and?', () => [document, 'a canary']).result
      now += 2 * dayMs
      const seq = session.record.lastSeq
      const meeting = changingStore(inner, (call) =>
        call === at
          ? over()
              .for(alice)
              .get(session.id)
              .then(async (one) => change(one, seq))
          : undefined,
      )
      await over(meeting.store).sweep({ tenants: ['acme'] })
      calls = meeting.calls.length
      const textOf = async () => JSON.stringify((await inner.read(session.ref, { tail: 9 }))!.messages)
      expect(what.test(await textOf()), `after call ${at}`).toBe(isThere)
      now += 2 * dayMs
      await over().sweep({ tenants: ['acme'] })
      expect(await textOf(), `after call ${at}`).not.toContain('a long paper')
      expect(what.test(await textOf()), `after call ${at}`).toBe(isThere)
    }
  },
)
