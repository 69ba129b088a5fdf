import { call, newKey } from '../api-client.ts'
import { isElsewhere } from '../../holders.ts'
import { isProblem, sayProblem } from '../problem.ts'
import { announceChange } from '../sessions/changes.ts'
import type { BranchesView, SessionView } from '../wire.ts'
import { deliver } from './delivery.ts'
import { forgetOutgoing, keepOutgoing, keptOutgoing } from './kept.ts'
import { isBusy, reduce, seqBefore } from './reducer.ts'
import { readSession, readStretch, type Stretch } from './session-reading.ts'
import { type ConversationAction, type ConversationState, initialState, type Outgoing } from './state.ts'
import { followTurn } from './turn-stream.ts'
import { watchSession } from './watch.ts'

/** The data that the server rendered the page with. */
export interface Opening extends Stretch {
  readonly session: SessionView
  readonly branches: BranchesView | undefined
  /** Which of the guest's devices this is. */
  readonly device: string
}

/** Everything that the page shows of a conversation. */
export interface ConversationView extends ConversationState {
  readonly session: SessionView
  readonly branches: BranchesView | undefined
  /** It was deleted, or has expired. */
  readonly isGone: boolean
  /** It was moved to another device of the guest: this one may read it. */
  readonly isElsewhere: boolean
  readonly isConnected: boolean
  /** The last error, in a sentence. */
  readonly notice: string | undefined
}

/** One conversation: the data that is shown, and the actions on it. Lives as long as its page. */
export class Conversation {
  readonly sessionId: string
  readonly #device: string
  #view: ConversationView
  #listeners = new Set<() => void>()
  #life = new AbortController()
  #waiting: ConversationAction[] = []
  #refreshing: Promise<void> | undefined
  #forking: Promise<string | undefined> | undefined
  #followed: string | undefined

  constructor({ session, messages, earlier, branches, device }: Opening) {
    this.sessionId = session.id
    this.#device = device
    this.#view = {
      ...initialState(messages, earlier),
      session,
      branches,
      isGone: false,
      isElsewhere: isElsewhere(session, device),
      isConnected: true,
      notice: undefined,
    }
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly view = (): ConversationView => this.#view

  /**
   * Begins to listen, and continues what an earlier page has left: an unfinished answer, a message that was not sent.
   */
  start(): void {
    this.#life = new AbortController()
    const { signal } = this.#life
    const kept = keptOutgoing(this.sessionId)
    if (kept !== undefined) {
      this.#apply({ type: 'send', outgoing: kept })
      void this.#deliver(kept)
    } else if (this.#view.session.turn !== undefined) {
      void this.#follow(this.#view.session.turn.id)
    }
    void watchSession(
      this.sessionId,
      {
        changed: (session) => this.#sessionChanged(session),
        ended: () => this.#set({ isGone: true }),
        connected: (isConnected) => this.#connected(isConnected),
      },
      signal,
    )
  }

  stop(): void {
    this.#life.abort()
    this.#followed = undefined
  }

  /** Sends a message. With `after`, the conversation first goes back to just after that one. */
  send(text: string, after?: number): void {
    if (isBusy(this.#view) || this.#view.isElsewhere) return
    const outgoing: Outgoing = {
      id: newKey(),
      text,
      at: new Date().toISOString(),
      status: 'sending',
      ...(after === undefined ? {} : { after }),
    }
    keepOutgoing(this.sessionId, outgoing)
    this.#apply({ type: 'send', outgoing })
    void this.#deliver(outgoing)
  }

  /** Sends a failed message once more: the same message, under the same key. */
  retry(): void {
    const { outgoing } = this.#view
    if (outgoing?.status !== 'failed') return
    const { problem: _, ...again } = outgoing
    const sending: Outgoing = { ...again, status: 'sending' }
    this.#apply({ type: 'send', outgoing: sending })
    void this.#deliver(sending)
  }

  /** The device has its network back: what failed without it is done now. */
  cameOnline(): void {
    this.retry()
    if (this.#view.notice !== undefined) void this.refresh()
  }

  /** Answers a message again whose answer failed. */
  answerFailed(id: string, text: string): void {
    if (isBusy(this.#view)) return
    const outgoing: Outgoing = { id, text, at: new Date().toISOString(), status: 'sending' }
    this.#apply({ type: 'send', outgoing })
    void this.#deliver(outgoing)
  }

  /** Drops a message that could not be sent. */
  discard(): void {
    forgetOutgoing(this.sessionId)
    this.#apply({ type: 'discard' })
    void this.refresh()
  }

  /** Sends a message of the user again, edited or not; the old version stays as a branch. */
  async sayAnew(seq: number, text: string): Promise<void> {
    let before = seqBefore(this.#view, seq)
    while (before === undefined) {
      await this.loadOlder()
      if (this.#view.notice !== undefined) return
      before = seqBefore(this.#view, seq)
    }
    this.send(text, before)
  }

  /** Stops the running answer. Its text so far stays. */
  async cancel(): Promise<void> {
    this.#apply({ type: 'stopping' })
    await this.#attempt(() => call('POST', `${this.#path}/cancel`))
  }

  /** Brings a conversation back that was moved to another device. */
  async bringBack(): Promise<boolean> {
    const isDone = await this.#attempt(() => call('POST', `/chat/${this.sessionId}/hold`))
    await this.refresh()
    return isDone
  }

  async switchTo(branchId: string): Promise<void> {
    await this.#attempt(() => call('POST', `${this.#path}/branches/${branchId}/switch`, { key: newKey() }))
    await this.refresh()
  }

  async reset(): Promise<boolean> {
    const isDone = await this.#attempt(() => call('POST', `${this.#path}/reset`, { key: newKey() }))
    if (isDone) this.#apply({ type: 'lost' })
    await this.refresh()
    return isDone
  }

  /** A new session with everything up to a message. Resolves to its id; a second press meanwhile waits for the same. */
  async fork(atSeq: number, title: string): Promise<string | undefined> {
    this.#forking ??= this.#fork(atSeq, title).finally(() => {
      this.#forking = undefined
    })
    return this.#forking
  }

  async #fork(atSeq: number, title: string): Promise<string | undefined> {
    let id: string | undefined
    await this.#attempt(async () => {
      const body = { atSeq, title }
      const { session } = await call<{ session: SessionView }>('POST', `${this.#path}/fork`, {
        body,
        key: newKey(),
      })
      id = session.id
    })
    if (id !== undefined) announceChange()
    return id
  }

  async loadOlder(): Promise<void> {
    const { earlier } = this.#view
    if (earlier === undefined) return
    await this.#attempt(async () => {
      this.#apply({ type: 'older', ...(await readStretch(this.sessionId, earlier)) })
    })
  }

  /** Reads session, messages and branches again, and follows a running answer. */
  async refresh(): Promise<void> {
    this.#refreshing ??= this.#readAll().finally(() => {
      this.#refreshing = undefined
    })
    await this.#refreshing
  }

  get #path(): string {
    return `/sessions/${this.sessionId}`
  }

  async #readAll(): Promise<void> {
    try {
      const { session, stretch, branches } = await readSession(this.sessionId)
      const isRenamed = session.title !== this.#view.session.title
      this.#set({ ...this.#placed(session), branches, notice: undefined })
      this.#apply({ type: 'page', ...stretch })
      if (isRenamed) announceChange()
      if (session.turn !== undefined && !isBusy(this.#view)) void this.#follow(session.turn.id)
    } catch (error) {
      if (isProblem(error, 'not_found')) this.#set({ isGone: true })
      else this.#set({ notice: sayProblem(error) })
    }
  }

  #placed(session: SessionView): Pick<ConversationView, 'session' | 'isElsewhere'> {
    return { session, isElsewhere: isElsewhere(session, this.#device) }
  }

  #connected(isConnected: boolean): void {
    if (isConnected === this.#view.isConnected) return
    this.#set({ isConnected })
    // A read that failed without a connection may succeed now.
    if (isConnected && this.#view.notice !== undefined) void this.refresh()
  }

  #sessionChanged(session: SessionView): void {
    const { revision, messageCount, title, label } = this.#view.session
    const isSame = session.revision === revision && session.label === label
    if (isSame && session.messageCount === messageCount) return
    // Changes during the page's own turn are read at its end, all at once.
    const { turn } = this.#view.session
    this.#set(this.#placed(turn === undefined ? session : { ...session, turn }))
    if (session.title !== title) announceChange()
    if (!isBusy(this.#view)) void this.refresh()
  }

  async #deliver(outgoing: Outgoing): Promise<void> {
    const { signal } = this.#life
    const hear = (action: ConversationAction): void => {
      if (action.type === 'started') {
        forgetOutgoing(this.sessionId)
        announceChange()
      }
      this.#write(action)
    }
    try {
      await deliver(this.sessionId, outgoing, hear, signal)
    } catch (error) {
      if (signal.aborted) return
      if (isProblem(error, 'not_found')) this.#set({ isGone: true })
      if (isProblem(error, 'elsewhere')) void this.refresh()
      return this.#refused(outgoing, sayProblem(error))
    }
    if (!signal.aborted) await this.#settle()
  }

  #refused({ id }: Outgoing, problem: string): void {
    // A message that is in the log is shown there; only the request to answer it again has failed.
    if (this.#view.messages.some((message) => message.id === id)) {
      this.#apply({ type: 'discard' })
      this.#set({ notice: problem })
    } else {
      this.#apply({ type: 'refused', problem })
    }
  }

  /** Follows a turn that was begun elsewhere, or before this page was loaded, from its beginning. */
  async #follow(turnId: string): Promise<void> {
    if (this.#followed === turnId) return
    this.#followed = turnId
    const { signal } = this.#life
    await followTurn(this.sessionId, { turnId, lastEventId: '' }, (action) => this.#write(action), signal)
    if (!signal.aborted) await this.#settle()
  }

  /** The answer is in the log now. */
  async #settle(): Promise<void> {
    this.#apply({ type: 'ended' })
    const problem = this.#view.answer?.problem
    // A read that began before the end of the turn would not contain it.
    await this.#refreshing
    await this.refresh()
    // Usually the log shows the error. When nothing could be stored, the page has to.
    if (problem !== undefined && this.#view.messages.at(-1)?.status !== 'failed')
      this.#set({ notice: problem })
    announceChange()
  }

  async #attempt(what: () => Promise<unknown>): Promise<boolean> {
    this.#set({ notice: undefined })
    try {
      await what()
      return true
    } catch (error) {
      if (isProblem(error, 'not_found') || isProblem(error, 'elsewhere')) void this.refresh()
      this.#set({ notice: sayProblem(error) })
      return false
    }
  }

  /** Words come faster than a screen shows them: those of one frame are drawn together. */
  #write(action: ConversationAction): void {
    this.#waiting.push(action)
    if (action.type !== 'text') return this.#flush()
    if (this.#waiting.length > 1) return
    if (document.visibilityState === 'visible') requestAnimationFrame(() => this.#flush())
    else setTimeout(() => this.#flush(), 250)
  }

  #flush(): void {
    if (this.#waiting.length === 0) return
    const state = this.#waiting.reduce<ConversationState>(reduce, this.#view)
    this.#waiting = []
    this.#set(state)
  }

  #apply(action: ConversationAction): void {
    this.#flush()
    this.#set(reduce(this.#view, action))
  }

  #set(change: Partial<ConversationView>): void {
    this.#view = { ...this.#view, ...change }
    for (const listener of this.#listeners) listener()
  }
}
