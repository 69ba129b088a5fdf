import type {
  CallerSessions,
  Session,
  SessionCart,
  SessionPreferences,
  Sessions,
  SessionState,
} from '@sessions/core'
import fc from 'fast-check'
import { Planned, respond, tools } from './answer.js'
import { content, message } from './parts.js'
import { anything, finite, jsonObject, mostly, object, text } from './values.js'

type VerbName<Handle> = {
  [Name in keyof Handle]: Handle[Name] extends (...args: never[]) => unknown ? Name : never
}[keyof Handle & string]
/** What each verb is called with: a verb without an entry does not compile. */
type Arguments<Handle> = { readonly [Name in VerbName<Handle>]: fc.Arbitrary<readonly unknown[]> }

const args = (...each: fc.Arbitrary<unknown>[]): fc.Arbitrary<readonly unknown[]> =>
  mostly(
    fc.tuple(...each.map((one) => mostly(one))),
    fc.array(anything, { maxLength: 3 }),
    12,
  ) as fc.Arbitrary<readonly unknown[]>
const maybe = (each: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.option(each, { nil: undefined })

const change = maybe(object({ ifRevision: finite, changeId: text }))
const cartItem = object(
  {
    sku: fc.oneof(fc.constant('P1'), text),
    name: text,
    quantity: finite,
    price: object({ amount: finite, currency: fc.constantFrom('EUR', 'USD', 'eur') }, ['amount', 'currency']),
    metadata: jsonObject,
  },
  ['sku', 'name', 'price'],
)
const init = {
  title: text,
  label: text,
  state: jsonObject,
  preferences: jsonObject,
  cart: fc.array(cartItem, { maxLength: 3 }),
  messages: fc.array(message, { maxLength: 3 }),
}
const id = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('«session»', '«guest»', '«other»') },
  { weight: 1, arbitrary: text },
)
const branchId = fc.oneof(fc.constant('«branch»'), text)
const transferId = fc.oneof(fc.constant('«transfer»'), text)
const identity = object({ tenantId: text, userId: text, roles: fc.array(text, { maxLength: 2 }) }, [
  'tenantId',
])
const transferKey = object({
  secret: fc.oneof(fc.constant('«secret»'), text),
  shortCode: fc.oneof(fc.constant('«shortCode»'), text),
  audience: text,
  verifier: text,
  caller: text,
  device: text,
})
const signal = fc.constantFrom('aborted' as const, 'open' as const).map((kind) => {
  return kind === 'aborted' ? AbortSignal.abort() : new AbortController().signal
})
const summarize = fc.constantFrom<unknown[]>(
  () => 'in few words',
  () => 42,
  () => '',
  () => 'word '.repeat(50_000),
  () => undefined,
  () => {
    throw new Planned('thrown by summarize')
  },
)
const summaryOptions = {
  keepTokens: finite,
  minTokens: finite,
  maxTokens: finite,
  inputTokens: finite,
  summarize,
  signal,
}
const contextOptions = {
  maxTokens: fc.oneof(fc.constantFrom(1, 10, 100, 1000, 100_000), finite),
  system: text,
  query: text,
  include: fc.array(fc.constantFrom('memory', 'state', 'preferences', 'cart', 'x'), { maxLength: 3 }),
  phase: text,
  remember: fc.boolean(),
  systemTokens: finite,
  queryTokens: finite,
  toolResultTokens: finite,
  replyTokens: finite,
  alternate: fc.boolean(),
  tools: fc.oneof(fc.constant([{ name: 'echo' }]), anything),
  countTokens: fc.constantFrom<unknown[]>(
    () => 1,
    () => NaN,
    () => -1,
    () => {
      throw new Planned('thrown by countTokens')
    },
  ),
  strategy: fc.oneof(fc.constant(undefined), anything),
}
const newState = fc.constantFrom<unknown[]>(
  (state: object) => ({ ...state, a: 1 }),
  (state: object) => state,
  () => undefined,
  () => null,
  () => 42,
  () => [],
  () => ({ at: new Date(0) }),
  () => ({ text: 'x'.repeat(65_000) }),
  () => ({ text: 'x'.repeat(64_000) }),
  () => ({ text: 'x'.repeat(66_000) }),
  () => {
    throw new Planned('thrown by a change')
  },
)

const seq = fc.oneof(fc.constantFrom(1, 2, 3, 4), finite)

export const sessionVerbs: Arguments<Session> = {
  store: args(),
  extend: args(fc.oneof(finite, object({ idleMs: finite, absoluteMs: finite })), change),
  read: args(),
  pseudonym: args(text),
  append: args(fc.oneof(message, fc.array(message, { maxLength: 4 }))),
  history: args(
    object({ limit: finite, before: finite, after: finite, branch: fc.constantFrom('active', 'all') }),
  ),
  context: args(object(contextOptions, ['maxTokens'])),
  compact: args(maybe(object(summaryOptions))),
  remember: args(
    object({ text, subject: text, seq: finite }, ['text']),
    fc.oneof(
      object({ text, subject: text, seq: finite }, ['text']),
      object({ scope: fc.constantFrom('user', 'session', 'x'), source: text }),
    ),
  ),
  forget: args(fc.oneof(fc.constant('«fact»'), text)),
  allMessages: args(),
  redact: args(seq),
  amend: args(seq, object({ content })),
  annotate: args(seq, jsonObject),
  turn: args(
    maybe(
      fc.oneof(
        text,
        object(
          { content, id: text, name: text, metadata: jsonObject, role: fc.constantFrom('user', 'tool') },
          ['content'],
        ),
      ),
    ),
    respond,
    maybe(
      object({
        key: text,
        ifRevision: finite,
        policy: fc.constantFrom('reject', 'queue', 'interrupt'),
        tools: fc.constant(tools),
        options: jsonObject,
        signal,
        reuse: object({ ttlMs: finite }),
        from: finite,
      }),
    ),
  ),
  export: args(maybe(object({ format: fc.constantFrom('jsonl', 'markdown') }))),
  watchTurn: args(fc.oneof(fc.constant('«turn»'), text), finite),
  watch: args(object({ pollMs: fc.oneof(fc.constantFrom(1, 10), finite), signal })),
  subscribe: args(object({ pollMs: fc.oneof(fc.constantFrom(1, 10), finite), signal, after: text })),
  currentTurn: args(),
  cancel: args(),
  orders: args(),
  edit: args(object({ title: text, label: text }), change),
  reset: args(change),
  rewind: args(finite, change),
  branches: args(),
  switchBranch: args(branchId, change),
  info: args(),
  credential: args(),
  rotateCredential: args(),
  bind: args(),
  transfer: args(
    object(
      {
        mode: fc.constantFrom('move', 'share', 'copy'),
        expiresInMs: fc.oneof(fc.constantFrom(1000, 900_000), finite),
        audience: text,
        confirm: fc.constantFrom('none', 'source'),
        returnTo: text,
        challenge: text,
        allowAnonymous: fc.boolean(),
        device: text,
      },
      ['mode'],
    ),
  ),
  transfers: args(),
  revokeTransfer: args(transferId),
  approveTransfer: args(transferId, fc.oneof(fc.constant('12'), text)),
  denyTransfer: args(transferId),
  delete: args(),
}

export const cartVerbs: Arguments<SessionCart> = {
  earlierOrders: args(maybe(object({ limit: finite }))),
  get: args(),
  add: args(cartItem, change),
  setQuantity: args(fc.oneof(fc.constant('«item»'), text), finite, change),
  remove: args(fc.oneof(fc.constant('«item»'), text), change),
  clear: args(change),
  merge: args(
    fc.oneof(fc.array(cartItem, { maxLength: 3 }), object({ items: fc.array(cartItem, { maxLength: 3 }) })),
    change,
  ),
  checkout: args(change),
}
export const stateVerbs: Arguments<SessionState> = {
  get: args(),
  update: args(newState, change),
  merge: args(jsonObject, change),
}
export const preferenceVerbs: Arguments<SessionPreferences> = { get: args(), merge: args(jsonObject, change) }

const search = object(
  {
    text: fc.oneof(fc.constantFrom('hello', 'word', '你好', 'wha'), text),
    roles: fc.array(fc.constantFrom('user', 'assistant', 'tool', 'x'), { maxLength: 3 }),
    from: finite,
    to: finite,
    sessionId: id,
    userId: text,
    order: fc.oneof(fc.constantFrom('new', 'rank'), text),
    limit: finite,
    cursor: text,
  },
  ['text'],
)

export const callerVerbs: Arguments<CallerSessions> = {
  create: args(maybe(object({ ...init, id: text }))),
  open: args(id, maybe(object({ ...init, remember: fc.boolean() }))),
  count: args(maybe(object({ label: text, userId: text }))),
  append: args(id, fc.oneof(message, fc.array(message, { maxLength: 4 }))),
  get: args(id),
  find: args(id),
  findByCredential: args(fc.oneof(fc.constant('«credential»'), text)),
  isOutdated: args(fc.oneof(fc.constant('«credential»'), text)),
  keepsSessions: args(),
  draft: args(
    maybe(
      object({
        beforeCreate: fc.constantFrom<unknown[]>(
          () => {},
          () => {
            throw new Planned('thrown by beforeCreate')
          },
        ),
        onCreating: fc.constant(() => {}),
        afterCreate: fc.constantFrom<unknown[]>(
          () => {},
          () => Promise.reject(new Planned('rejected by afterCreate')),
        ),
      }),
    ),
  ),
  list: args(maybe(object({ limit: finite, cursor: text, label: text, userId: text }))),
  search: args(search),
  searchSessions: args(search),
  delete: args(id),
  // The session is put in by who makes the call.
  export: args(maybe(object({ userId: text, label: text }))),
  import: args(fc.array(text, { maxLength: 3 })),
  fork: args(
    fc.constant('«source»'),
    maybe(
      object({
        id: text,
        atSeq: finite,
        title: text,
        include: fc.array(fc.constantFrom('state', 'preferences', 'cart', 'x'), { maxLength: 3 }),
      }),
    ),
  ),
  describeTransfer: args(transferKey),
  redeem: args(
    object({
      secret: text,
      shortCode: fc.constant('«shortCode»'),
      holding: fc.constant('«holding»'),
      redemptionId: text,
      replace: fc.boolean(),
      caller: text,
    }),
  ),
}

/** Of a service of its own, which ends with it. */
export const serviceVerbs: Arguments<Sessions> = {
  for: args(identity),
  import: args(fc.array(text, { maxLength: 3 }), object({ tenantId: text, userId: text }, ['tenantId'])),
  usage: args(
    object(
      {
        tenantId: text,
        by: fc.array(fc.oneof(fc.constantFrom('user', 'model'), text)),
        bucket: text,
        from: finite,
      },
      ['tenantId'],
    ),
  ),
  reprice: args(object({ tenantId: text, from: finite, to: finite }, ['tenantId'])),
  sweep: args(
    maybe(object({ limit: finite, tenants: fc.oneof(fc.constant(['fuzz']), fc.array(text), anything) })),
  ),
  sweepEvery: args(
    fc.oneof(fc.constantFrom(60_000, 3_600_000), finite),
    maybe(
      fc.oneof(
        fc.constant(() => ['fuzz']),
        anything,
      ),
    ),
  ),
  settled: args(),
  armOf: args(fc.oneof(fc.constant('«source»'), anything), text),
  analytics: args(
    object({ tenantId: text, from: finite, to: finite, bucket: text, segmentBy: text, minGroup: finite }, [
      'tenantId',
    ]),
  ),
  health: args(maybe(object({ timeoutMs: finite }))),
  close: args(),
}

const decision = object(
  {
    purpose: fc.oneof(fc.constantFrom('storage', 'personalization', 'own'), text),
    granted: fc.boolean(),
    version: text,
    source: text,
  },
  ['purpose', 'granted', 'version', 'source'],
)
const purpose = fc.oneof(fc.constantFrom('storage', 'analytics'), text)
export const callerConsentVerbs: Arguments<CallerSessions['consent']> = {
  get: args(),
  set: args(decision),
  allows: args(purpose),
}
export const memoryVerbs: Arguments<CallerSessions['memory']> = {
  list: args(),
  forget: args(fc.oneof(fc.constant('«fact»'), text)),
  clear: args(),
  orders: args(maybe(object({ limit: finite }))),
}
const ofUser = { tenantId: fc.oneof(fc.constant('fuzz'), text), userId: text }
const aUser = object(ofUser, ['tenantId', 'userId'])
export const consentVerbs: Arguments<Sessions['consent']> = {
  get: args(aUser),
  set: args(aUser, decision),
  allows: args(aUser, purpose),
}
export const privacyVerbs: Arguments<Sessions['privacy']> = {
  erase: args(object({ ...ofUser, by: text, reason: text }, ['tenantId', 'userId', 'by', 'reason'])),
  erasure: args(aUser),
  pseudonym: args(aUser),
  verifyReceipt: args(anything, maybe(text)),
}
