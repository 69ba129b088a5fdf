import type { SessionInfo } from './domain/session-info.js'
import type { Order } from './domain/cart.js'
import type { BuiltContext } from './context/lay-out.js'
import type { HistoryOptions, HistoryPage } from './domain/path.js'
import type { Identity } from './domain/identity.js'
import type { SessionExportOptions } from './portability/export-as.js'
import type { JsonObject } from './json.js'
import type { LiveSession } from './service/live-session.js'
import type { Message, MessageInput } from './domain/message.js'
import type { ChangeOptions } from './service/change-options.js'
import type { SessionTtl } from './service/lifetime.js'
import { takeCalls } from './service/take-calls.js'
import { type CallerConsent, consentOfSession } from './privacy/consent-handles.js'
import * as adminReads from './session/admin-reads.js'
import { SessionCart } from './session/cart.js'
import type { Branch, Fact } from './domain/session-body.js'
import type { RewindOptions } from './turn/leave-branch.js'
import { editSession } from './session/edit.js'
import { forgetFact } from './session/facts.js'
import { contentsOf, type SessionContents } from './session/contents.js'
import type { RememberArguments } from './session/remember.js'
import type { Compaction, CompactOptions } from './session/compaction.js'
import type { LiveUpdate, SubscribeOptions } from './session/subscribe.js'
import type { WatchOptions } from './session/watch.js'
import { expireBefore } from './session/expiry.js'
import { extendSession } from './session/extend.js'
import { appendMessages, readHistory } from './session/messages.js'
import { keepLive } from './session/live-of.js'
import type { SessionContextOptions } from './session/context.js'
import { currentCredential, pseudonymFor } from './session/credential.js'
import type * as transfers from './transfer/start.js'
import { SessionPreferences, SessionState } from './session/state.js'
import type { RespondOf, ToolContextOf, ToolOf, ToolsOf, TurnContextOf } from './turn/responder.js'
import type { AppendedMessage } from './contract/session-store.js'
import type { SessionRecord, SessionRef } from './contract/session-record.js'
import type { TransferOptions } from './transfer/options.js'
import { startTurn, type Turn } from './turn/turn.js'
import type { TurnEvent } from './turn/event.js'
import type { TurnInput, TurnOptionsOf } from './turn/request.js'

const importTurns = () => import('./later/turns.js')
let loadedTurns: Awaited<ReturnType<typeof importTurns>> | undefined
// An import takes more than a tick, also of what is loaded.
const turns = async () => (loadedTurns ??= await importTurns())
const others = () => import('./later/others.js')

/** Calls the model: returns the answer, or yields it piece by piece. When it throws, the turn ends as `failed`. */
export type Respond = RespondOf<Session>
/** The argument of `respond`. */
export type TurnContext = TurnContextOf<Session>
/** Options of one turn. */
export type TurnOptions<Inputs = Readonly<Record<string, unknown>>> = TurnOptionsOf<Session, Inputs>
/** A tool that a model may call. */
export type Tool<Input = unknown> = ToolOf<Session, Input>
/** The tools that a model may call, by name. */
export type Tools<Inputs = Readonly<Record<string, unknown>>> = ToolsOf<Session, Inputs>
/** The second argument of a tool, after its input. */
export type ToolContext = ToolContextOf<Session>

/** One session, for one caller. Reads are fresh from the store; changes are atomic and durable when they settle. */
export class Session {
  static {
    adminReads.refuseAdminReads(Session.prototype, (one) => one.#live, adminReads.sessionWrites)
    takeCalls(Session.prototype, (one) => one.#live.service.work, adminReads.sessionStreams)
  }

  /** Its tenant and its id. */
  readonly ref: SessionRef
  /** The caller that this handle was made for. */
  readonly identity: Identity
  /** What the user is about to buy. */
  readonly cart: SessionCart
  /** Any JSON of the conversation: its phase, tasks, intermediate results. */
  readonly state: SessionState
  /** Preferences of the user: budget, brands, language. */
  readonly preferences: SessionPreferences
  /** The consent of the user, or of the holder of an anonymous session, which keeps it until it is bound. */
  readonly consent: CallerConsent
  readonly #live: LiveSession

  /** @internal Made by `Sessions`. */
  constructor(live: LiveSession) {
    this.#live = live
    keepLive(this, live)
    this.ref = live.ref
    this.identity = live.identity
    this.cart = new SessionCart(live, others)
    this.state = new SessionState(live)
    this.preferences = new SessionPreferences(live)
    this.consent = consentOfSession(live)
  }

  /** Names the session within its tenant. It is public and opens nothing. */
  get id(): string {
    return this.ref.id
  }

  /** The tenant that the session belongs to. */
  get tenantId(): string {
    return this.ref.tenantId
  }

  /** The store's record when this handle last read or wrote the session. */
  get record(): SessionRecord {
    const { shownRecord } = this.#live
    return adminReads.isUnread(this.#live) ? adminReads.withoutTitle(shownRecord) : shownRecord
  }

  /** False for a draft: a session that is stored with its first write. */
  get isStored(): boolean {
    return this.#live.isStored
  }

  /** False for a session that lives in this process alone, because its user does not consent to `storage`. */
  get isKept(): boolean {
    return this.#live.service.store === this.#live.service.ledgers
  }

  /** Stores a draft now, instead of with its first write. */
  async store(): Promise<void> {
    await this.#live.store()
  }

  /** All of the session but its messages, in one round trip. @throws `not_found` */
  async read(): Promise<SessionContents> {
    return contentsOf(await this.#live.show())
  }

  /**
   * The result of `read` as this handle last saw it, without a call of the store; undefined when it is outdated.
   * @throws `forbidden` for an admin who may not read
   */
  get contents(): SessionContents | undefined {
    adminReads.checkAdminReads(this.#live)
    const { seen } = this.#live
    return seen === undefined ? undefined : contentsOf(seen)
  }

  /**
   * A name for the session that reveals nothing about it, for cache tags and logs. It is made with the secrets of the
   * service, so every process with the same secrets makes the same name.
   */
  async pseudonym(purpose: string): Promise<string> {
    return pseudonymFor(this.#live, purpose)
  }

  /**
   * Appends one message or several, all or none, in order, each id once.
   *
   * @throws `invalid`, `too_large`, `limit_reached`; `conflict` when an id was used for another message.
   *
   * @example
   * ```ts
   * declare const session: import('@sessions/core').Session
   * const [stored] = await session.append({ role: 'user', content: 'Two phones, please', id: 'message-1' })
   * console.log(stored!.seq, stored!.inserted) // sent again it has the same seq, and inserted is false
   * ```
   */
  async append(messages: MessageInput | readonly MessageInput[]): Promise<readonly AppendedMessage[]> {
    return appendMessages(this.#live, messages)
  }

  /** A page of messages, oldest first: the newest by default. @throws `invalid` */
  async history(options: HistoryOptions = {}): Promise<HistoryPage> {
    return readHistory(this.#live, options)
  }

  /**
   * The messages that a model should see now, within `maxTokens`: never half a tool call, always the latest user
   * message. When the question names something that the window leaves out, the context quotes it. The log stays as it
   * is.
   *
   * @throws `too_large` when a required part does not fit; `path` names the part.
   *
   * @example
   * ```ts
   * declare const session: import('@sessions/core').Session
   * const { messages, tokens } = await session.context({ maxTokens: 8000, system: 'You sell phones.' })
   * ```
   */
  async context(options: SessionContextOptions): Promise<BuiltContext> {
    return (await turns()).shownContext(this.#live, options)
  }

  /**
   * Sums up old messages. The log keeps them, and they can be read as before; a context shows the summary when they do
   * not fit.
   */
  async compact(options?: CompactOptions): Promise<Compaction> {
    return (await turns()).compact(this.#live, options)
  }

  /**
   * Remembers facts that every context shows; a newer one on a subject replaces the older. `remember(fact, { scope: 'user' })`
   * is for other sessions of the user, too. @returns All of the scope. @throws `invalid`, `consent_missing`, `unauthenticated`
   */
  async remember(...facts: RememberArguments): Promise<readonly Fact[]> {
    return (await turns()).rememberGiven(this.#live, facts)
  }

  /** Forgets a fact; does nothing when the fact does not exist. */
  async forget(factId: string): Promise<readonly Fact[]> {
    return forgetFact(this.#live, factId)
  }

  /** Every message on the active branch, oldest first. The cost grows with the history. */
  async allMessages(): Promise<Message[]> {
    return [...(await (await turns()).readWhole(this.#live)).messages]
  }

  /**
   * Answers a message: stores it, calls `respond`, and stores the answer, whole or as far as it came. A session runs
   * one turn at a time, over all processes. The turn starts at once, whether or not its events are read.
   *
   * @param input The user's text or message, or the result of a tool; `undefined` to answer the newest message of the
   * active branch, or to continue after it.
   *
   * @example
   * ```ts
   * declare const session: import('@sessions/core').Session
   * declare function ask(messages: readonly object[], signal: AbortSignal): AsyncIterable<string>
   * const turn = session.turn('Two phones, please', async function* ({ context, signal }) {
   *   const { messages } = await context({ maxTokens: 8000 })
   *   yield* ask(messages, signal)
   * })
   * for await (const event of turn) if (event.type === 'text') process.stdout.write(event.text)
   * ```
   */
  turn<Inputs>(input: TurnInput | undefined, respond: Respond, options: TurnOptions<Inputs> = {}): Turn {
    const surroundings = {
      live: this.#live,
      session: this as Session,
      contextWith: async (options: SessionContextOptions, pending: readonly MessageInput[]) =>
        (await turns()).sessionContext(this.#live, pending, options),
      appended: (first: Pick<AppendedMessage, 'seq' | 'at'>) => expireBefore(this.#live, first, true),
    }
    return startTurn(surroundings, input, respond, options)
  }

  /**
   * The events of a turn after the event with the number `after`, as they come, from any process; also for some
   * minutes after its end. @throws `not_found`
   */
  async *watchTurn(turnId: string, after = 0): AsyncGenerator<TurnEvent, void, undefined> {
    yield* (await turns()).watchTurn(this.#live, turnId, after)
  }

  /**
   * The record now, and again each time a process has changed the session. Ends when this handle may not open it any more.
   */
  async *watch(options: WatchOptions = {}): AsyncGenerator<SessionRecord, void, undefined> {
    yield* (await turns()).watchSession(this.#live, options)
  }

  /**
   * What changes in the session, by whatever process: messages, turns, and parts that differ. Begins with the session as
   * it is now, or goes on after an update. Ends as `watch` does, with `removed`.
   */
  async *subscribe(options: SubscribeOptions = {}): AsyncGenerator<LiveUpdate, void, undefined> {
    yield* (await turns()).subscribeTo(this.#live, options)
  }

  /** The id of the running turn. */
  async currentTurn(): Promise<string | undefined> {
    return (await this.#live.load()).body.turn?.id
  }

  /**
   * Stops the running turn, in any process. Its answer so far is kept.
   *
   * @returns The id of the turn that was asked to stop; undefined when there was none.
   */
  async cancel(): Promise<string | undefined> {
    return (await turns()).cancelTurn(this.#live)
  }

  /** The carts that were checked out, oldest first; the newest 100. */
  async orders(): Promise<readonly Order[]> {
    return (await this.#live.show()).body.orders
  }

  /**
   * Removes what a message says, for good, and what was made of it: summaries, facts with its `seq`, known answers, events
   * of turns. Place, role and ids stay. When it rejects with `unavailable`, call it again.
   *
   * @throws `invalid` when there is no such message; `turn_in_progress`.
   */
  async redact(seq: number, options?: ChangeOptions): Promise<Message> {
    return (await turns()).redactMessage(this.#live, seq, options)
  }

  /**
   * Replaces the content of a message, in its place. What was made of it is removed as by `redact`.
   *
   * @throws `invalid`, also when a call or result of a tool would be lost; `too_large`, `turn_in_progress`.
   */
  async amend(seq: number, to: Pick<MessageInput, 'content'>, options?: ChangeOptions): Promise<Message> {
    return (await turns()).amendMessage(this.#live, seq, to, options)
  }

  /**
   * Merges a patch into `metadata.annotations` as RFC 7396 says, at most 4 KiB: `{ rating: 'up' }`. No model sees them.
   *
   * @param options `ifChanges`: only if the session has exactly so many `record.changes`; otherwise `conflict`.
   * @throws `invalid` when there is no such message; `too_large`.
   */
  async annotate(seq: number, patch: JsonObject, options?: { ifChanges?: number }): Promise<Message> {
    return (await turns()).annotateMessage(this.#live, seq, patch, options)
  }

  /** Changes title or label, each of at most 200 characters; an empty text removes it. @throws `invalid` */
  async edit(change: { title?: string; label?: string } = {}, options?: ChangeOptions): Promise<void> {
    await editSession(this.#live, change, options)
  }

  /**
   * Has this session live longer, or shorter, than others: from now on it expires `idleMs` after its last write, or
   * `absoluteMs` after it was created, whichever comes first. What is not said stays as it is.
   *
   * @returns The new deadline, epoch ms by the store's clock; undefined where there is none.
   * @throws `invalid`, also where nothing would end a session that had a deadline.
   */
  async extend(ttl: SessionTtl, options?: ChangeOptions): Promise<number | undefined> {
    return extendSession(this.#live, ttl, options)
  }

  /**
   * Clears the conversation and keeps the session: messages, branches, facts and summaries go for good; state,
   * preferences, cart and orders stay.
   */
  async reset(options?: ChangeOptions): Promise<void> {
    await (await turns()).resetSession(this.#live, options)
  }

  /**
   * Takes the conversation back to just after a message of the active branch. Later messages stay as a branch that
   * `switchBranch` returns to; new messages begin a new branch.
   *
   * @param toSeq The last message to keep; 0 goes back to the start.
   * @throws `invalid` when that message is not on the active branch.
   */
  async rewind(toSeq: number, options?: RewindOptions): Promise<Branch> {
    return (await turns()).rewindSession(this.#live, toSeq, options)
  }

  /** Courses of the conversation that it was rewound from, oldest first: the newest 50, of programs the newest 10. */
  async branches(): Promise<readonly Branch[]> {
    return (await this.#live.show()).body.branches
  }

  /** Switches to a branch; the branch it leaves is kept in its place. @throws `not_found` */
  async switchBranch(branchId: string, options?: ChangeOptions): Promise<void> {
    await (await turns()).switchToBranch(this.#live, branchId, options)
  }

  /**
   * Counts, durations, topics and cart behaviour. Changes nothing. Reads the messages that no turn has counted, in
   * slices, and no other.
   */
  async info(): Promise<SessionInfo> {
    return (await turns()).sessionInfo(this.#live)
  }

  /** The session as text, a page of messages in memory at a time. @throws `not_found`, `invalid` */
  async *export(options: SessionExportOptions = {}): AsyncGenerator<string, void, undefined> {
    yield* (await others()).exportAs(this.#live, options)
  }

  /** The signed secret that opens this session for an anonymous caller. Treat it like a password. */
  async credential(): Promise<string> {
    return currentCredential(this.#live)
  }

  /** Voids every earlier credential at once, and makes a new one. */
  async rotateCredential(): Promise<string> {
    return (await others()).rotateCredential(this.#live)
  }

  /**
   * Gives an anonymous session to the caller's user, for good, and voids every earlier credential. Of what its holder
   * and the user have consented to, the stricter holds.
   *
   * @returns The new credential.
   * @throws `unauthenticated` for a caller who is no user; `not_found` for another owner; `user_erased`; `consent_missing`.
   */
  async bind(): Promise<string> {
    return (await others()).bindSession(this.#live)
  }

  /** Begins a transfer: a link and a code that open the session elsewhere, once. @throws `invalid`, `consent_missing` */
  async transfer(options: TransferOptions): Promise<transfers.StartedTransfer> {
    return (await others()).startTransfer(this.#live, options)
  }

  /** The transfers that can be redeemed, wait for approval, or just were redeemed; the newest 8. */
  async transfers(): Promise<readonly transfers.TransferStatus[]> {
    return (await others()).transfersOf(this.#live)
  }

  /** Ends a transfer that was not redeemed yet. @throws `not_found` */
  async revokeTransfer(transferId: string): Promise<void> {
    await (await others()).endTransfer(this.#live, transferId, 'transfer.revoked')
  }

  /** The waiting device that shows this code gets the session. @throws `not_found`, `conflict`, `invalid` */
  async approveTransfer(transferId: string, matchCode: string): Promise<void> {
    await (await others()).approveTransfer(this.#live, transferId, matchCode)
  }

  /** Denies the waiting device, and ends the transfer. @throws `not_found` */
  async denyTransfer(transferId: string): Promise<void> {
    await (await others()).endTransfer(this.#live, transferId, 'transfer.denied')
  }

  /** Removes the session and everything in it, for good. @throws `not_found` when it is gone already. */
  async delete(): Promise<void> {
    await (await others()).deleteSession(this.#live)
  }
}
