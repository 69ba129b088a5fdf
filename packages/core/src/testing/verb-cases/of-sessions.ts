import type { Session } from '../../session.js'
import { type CaseMaker, plain, prepared } from './verb-case.js'

const phone = { sku: 'P', name: 'Phone', price: { amount: 100, currency: 'EUR' } }
const lineOf = async (session: Session) => (await session.cart.get()).items[0]!.id
const consent = (granted: boolean) => ({ purpose: 'analytics', granted, version: '1', source: 'page' })

/** The verbs of one session. */
const ofSession: readonly CaseMaker[] = [
  plain({
    verb: 'Session.append',
    run: ({ session }) => session.append([{ id: 'm4', role: 'user', content: 'four' }]),
    repeats: true,
  }),
  plain({ verb: 'Session.edit', run: ({ session }) => session.edit({ title: 'New' }), repeats: true }),
  plain({
    verb: 'Session.extend',
    run: ({ session }) => session.extend({ idleMs: 60_000 }),
    repeats: true,
    sees: async ({ session }) => {
      const { expiresAt = Infinity, activeAt } = (await session.read()).record
      // On a busy machine seconds pass between the two.
      return Math.round((expiresAt - activeAt) / 20_000)
    },
  }),
  plain({ verb: 'Session.reset', run: ({ session }) => session.reset(), repeats: true }),
  plain({ verb: 'Session.rewind', run: ({ session }) => session.rewind(2), repeats: false }),
  prepared({
    verb: 'Session.switchBranch',
    prepare: async ({ session }) => {
      const branch = await session.rewind(1)
      await session.append({ role: 'user', content: 'instead' })
      return branch.id
    },
    run: ({ session }, id) => session.switchBranch(id),
    repeats: 'not_found',
  }),
  plain({ verb: 'Session.redact', run: ({ session }) => session.redact(2), repeats: true }),
  plain({
    verb: 'Session.amend',
    run: ({ session }) => session.amend(2, { content: 'other' }),
    repeats: true,
  }),
  plain({
    verb: 'Session.annotate',
    run: ({ session }) => session.annotate(2, { rating: 'up' }),
    repeats: true,
    sees: async ({ session }) => (await session.allMessages()).map(({ metadata }) => metadata),
  }),
  plain({
    verb: 'Session.remember',
    run: ({ session }) => session.remember({ text: 'likes red' }),
    repeats: true,
  }),
  prepared({
    verb: 'Session.forget',
    prepare: async ({ session }) => (await session.remember({ text: 'likes blue' }))[0]!.id,
    run: ({ session }, id) => session.forget(id),
    repeats: true,
  }),
  plain({
    verb: 'Session.compact',
    run: ({ session }) => session.compact({ keepTokens: 1, minTokens: 1 }),
    repeats: true,
    sees: async ({ session }) => (await session.read()).summaries.length > 0,
  }),
  ...(['bind', 'rotateCredential'] as const).map((verb) =>
    prepared({
      verb: `Session.${verb}`,
      prepare: ({ session }) => session.credential(),
      run: ({ session }) => session[verb](),
      repeats: true,
      sees: async ({ mine }, old) => (await mine.findByCredential(old)) === undefined,
    }),
  ),
  plain({
    verb: 'Session.delete',
    run: ({ mine, session }) => mine.delete(session.id),
    repeats: 'not_found',
  }),
]

/** The verbs about a transfer. */
const ofTransfers: readonly CaseMaker[] = [
  plain({
    verb: 'Session.transfer',
    run: ({ session }) => session.transfer({ mode: 'move' }),
    repeats: false,
  }),
  prepared({
    verb: 'Session.revokeTransfer',
    prepare: ({ session }) => session.transfer({ mode: 'move' }),
    run: ({ session }, { transferId }) => session.revokeTransfer(transferId),
    repeats: 'not_found',
  }),
  prepared({
    verb: 'Session.approveTransfer',
    prepare: async ({ mine, session }) => {
      const { transferId, secret } = await session.transfer({ mode: 'share', confirm: 'source' })
      const claimed = await mine.redeem({ secret })
      return { transferId, matchCode: claimed.status === 'pending' ? claimed.matchCode : '' }
    },
    run: ({ session }, { transferId, matchCode }) => session.approveTransfer(transferId, matchCode),
    repeats: true,
  }),
  prepared({
    verb: 'Session.denyTransfer',
    prepare: ({ session }) => session.transfer({ mode: 'share', confirm: 'source' }),
    run: ({ session }, { transferId }) => session.denyTransfer(transferId),
    repeats: 'not_found',
  }),
  ...(['move', 'share', 'copy'] as const).map((mode) =>
    prepared({
      verb: `CallerSessions.redeem (${mode})`,
      prepare: ({ session }) => session.transfer({ mode }),
      run: ({ mine }, { secret }) => mine.redeem({ secret, redemptionId: 'a redemption of one device' }),
      repeats: true,
      hasParts: mode === 'copy',
    }),
  ),
]

/** The verbs of a cart, of the state and of the preferences. */
const ofParts: readonly CaseMaker[] = [
  plain({ verb: 'SessionCart.add', run: ({ session }) => session.cart.add(phone), repeats: false }),
  plain({
    verb: 'SessionCart.merge',
    run: async ({ session }) => session.cart.merge(await session.cart.get()),
    repeats: false,
  }),
  plain({
    verb: 'SessionCart.setQuantity',
    run: async ({ session }) => session.cart.setQuantity(await lineOf(session), 7),
    repeats: true,
  }),
  prepared({
    verb: 'SessionCart.remove',
    prepare: ({ session }) => lineOf(session),
    run: ({ session }, line) => session.cart.remove(line),
    repeats: false,
  }),
  plain({ verb: 'SessionCart.clear', run: ({ session }) => session.cart.clear(), repeats: true }),
  plain({ verb: 'SessionCart.checkout', run: ({ session }) => session.cart.checkout(), repeats: false }),
  plain({
    verb: 'SessionState.update',
    run: ({ session }) =>
      session.state.update((state) => ({ ...state, count: Number(state['count'] ?? 0) + 1 })),
    repeats: false,
  }),
  plain({ verb: 'SessionState.merge', run: ({ session }) => session.state.merge({ a: 1 }), repeats: true }),
  plain({
    verb: 'SessionPreferences.merge',
    run: ({ session }) => session.preferences.merge({ a: 1 }),
    repeats: true,
  }),
]

/** The verbs of a caller. */
const ofCaller: readonly CaseMaker[] = [
  plain({
    verb: 'CallerSessions.create',
    run: ({ mine }) => mine.create({ id: 'second', messages: [{ role: 'user', content: 'hello' }] }),
    repeats: 'conflict',
  }),
  plain({ verb: 'CallerSessions.open (a new one)', run: ({ mine }) => mine.open('second'), repeats: true }),
  plain({
    verb: 'CallerSessions.append',
    run: ({ mine, session }) => mine.append(session.id, { id: 'm4', role: 'user', content: 'four' }),
    repeats: true,
  }),
  plain({
    verb: 'CallerSessions.draft (that is written to)',
    run: ({ mine }) => mine.draft().append([{ role: 'user', content: 'hello' }]),
    repeats: false,
    hasParts: true,
  }),
  plain({
    verb: 'CallerSessions.delete',
    run: ({ mine, session }) => mine.delete(session.id),
    repeats: 'not_found',
  }),
  plain({
    verb: 'CallerSessions.fork',
    run: ({ mine, session }) => mine.fork(session, { id: 'copy' }),
    repeats: 'conflict',
  }),
  prepared({
    verb: 'CallerSessions.import',
    prepare: async ({ mine, session }) => {
      const lines: string[] = []
      for await (const line of session.export()) lines.push(line)
      await mine.delete(session.id)
      return lines
    },
    run: ({ mine }, lines) => mine.import(lines),
    repeats: true,
  }),
  plain({
    verb: 'CallerConsent.set',
    run: ({ mine }) => mine.consent.set(consent(true)),
    repeats: true,
    sees: ({ mine }) => mine.consent.allows('analytics'),
  }),
  prepared({
    verb: 'CallerMemory.clear',
    prepare: ({ session }) => session.remember({ text: 'I sing', seq: 1 }, { scope: 'user' }),
    run: ({ mine }) => mine.memory.clear(),
    repeats: true,
  }),
  prepared({
    verb: 'CallerMemory.forget',
    prepare: async ({ mine, session }) => {
      await session.remember({ text: 'I sing', seq: 1 }, { scope: 'user' })
      return (await mine.memory.list())[0]!.id
    },
    run: ({ mine }, id) => mine.memory.forget(id),
    repeats: true,
  }),
  prepared({
    verb: 'Session.remember (of the user)',
    prepare: ({ session }) => session.remember({ text: 'I dance', seq: 1 }, { scope: 'user' }),
    run: ({ session }) => session.remember({ text: 'I sing', seq: 1 }, { scope: 'user' }),
    repeats: true,
  }),
]

/** Every verb that writes, but for turns: `describeTurns` loses their answers. */
export const verbCases: readonly CaseMaker[] = [...ofSession, ...ofTransfers, ...ofParts, ...ofCaller]
