import { call, newKey, open } from '../api-client.ts'
import { backoff, pause } from '../pause.ts'
import { isPassing, isProblem, sayProblem } from '../problem.ts'
import { announceChange } from '../sessions/changes.ts'
import type { BranchesView, MessagePage, SessionView } from '../wire.ts'
import { forgetOutgoing, keepOutgoing, keptOutgoing } from './kept.ts'
import { isBusy, reduce, seqBefore } from './reducer.ts'
import { type ConversationAction, type ConversationState, initialState, type Outgoing } from './state.ts'
import { followTurn, readTurn } from './turn-stream.ts'
import { watchSession } from './watch.ts'

/** What the page was given when it was made. */
export interface Opening {
  readonly session: SessionView
  readonly messages: ConversationState['messages']
  readonly earlier: number | undefined
  readonly branches: BranchesView | undefined
}

/** Everything there is to see of a conversation. */
export interface ConversationView extends ConversationState {
  readonly session: SessionView
  readonly branches: BranchesView | undefined
  /** It was deleted, or has expired. */
  readonly isGone: boolean
  readonly isConnected: boolean
  /** What went wrong last, in a sentence. */
  readonly notice: string | undefined
}

const pageSize = 50
const sendAttempts = 4

/** One conversation: what is shown of it, and what can be done with it. Lives as long as its page. */
export class Conversation {
  readonly sessionId: string
  #view: ConversationView
  #listeners = new Set<() => void>()
  #life = new AbortController()
  #waiting: ConversationAction[] = []
  #refreshing: Promise<void> | undefined
  #followed: string | undefined

  constructor({ session, messages, earlier, branches }: Opening) {
    this.sessionId = session.id
    this.#view = {
      ...initialState(messages, earlier),
      session,
      branches,
      isGone: false,
      isConnected: true,
      notice: undefined,
    }
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly view = (): ConversationView => this.#view

  /** Begins to listen, and goes on with what an earlier page has left: an answer half written, a message not sent. */
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
        connected: (isConnected) => {
          if (isConnected !== this.#view.isConnected) this.#set({ isConnected })
        },
      },
      signal,
    )
  }

  stop(): void {
    this.#life.abort()
    this.#followed = undefined
  }

  /** Sends a message. With `after`, the conversation goes back to just after that one first. */
  send(text: string, after?: number): void {
    if (isBusy(this.#view)) return
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

  /** Sends what could not be sent once more: the same message, under the same key. */
  retry(): void {
    const { outgoing } = this.#view
    if (outgoing?.status !== 'failed') return
    const { problem: _, ...again } = outgoing
    const sending: Outgoing = { ...again, status: 'sending' }
    this.#apply({ type: 'send', outgoing: sending })
    void this.#deliver(sending)
  }

  /** Has a message, whose answer failed, answered anew. */
  answerFailed(id: string, text: string): void {
    if (isBusy(this.#view)) return
    const outgoing: Outgoing = { id, text, at: new Date().toISOString(), status: 'sending' }
    this.#apply({ type: 'send', outgoing })
    void this.#deliver(outgoing)
  }

  /** Lets go of a message that could not be sent. */
  discard(): void {
    forgetOutgoing(this.sessionId)
    this.#apply({ type: 'discard' })
    void this.refresh()
  }

  /** Says a message of the user anew, in other words or the same; the old way stays as another version. */
  async sayAnew(seq: number, text: string): Promise<void> {
    let before = seqBefore(this.#view, seq)
    while (before === undefined) {
      await this.loadOlder()
      if (this.#view.notice !== undefined) return
      before = seqBefore(this.#view, seq)
    }
    this.send(text, before)
  }

  /** Stops the answer that is being written. What there is of it stays. */
  async cancel(): Promise<void> {
    this.#apply({ type: 'stopping' })
    await this.#attempt(() => call('POST', `${this.#path}/cancel`))
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

  /** A new session with everything up to a message. Resolves to its id. */
  async fork(atSeq: number, title: string): Promise<string | undefined> {
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
      this.#apply({ type: 'older', ...(await this.#page(earlier)) })
    })
  }

  dismiss(): void {
    this.#set({ notice: undefined })
  }

  /** Reads session, messages and branches anew, and follows an answer that is being written. */
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
      const [{ session }, page, branches] = await Promise.all([
        call<{ session: SessionView }>('GET', this.#path),
        this.#page(),
        this.#readBranches(),
      ])
      const isRenamed = session.title !== this.#view.session.title
      this.#set({ session, branches, notice: undefined })
      this.#apply({ type: 'page', ...page })
      if (isRenamed) announceChange()
      if (session.turn !== undefined && !isBusy(this.#view)) void this.#follow(session.turn.id)
    } catch (error) {
      if (isProblem(error, 'not_found')) this.#set({ isGone: true })
      else this.#set({ notice: sayProblem(error) })
    }
  }

  async #page(before?: number) {
    const cursor = before === undefined ? '' : `&cursor=${before}`
    const { messages } = await call<MessagePage>(
      'GET',
      `${this.#path}/messages?direction=backward&limit=${pageSize}${cursor}`,
    )
    const { items, previousCursor } = messages
    return { messages: items, earlier: previousCursor === undefined ? undefined : Number(previousCursor) }
  }

  async #readBranches(): Promise<BranchesView> {
    const { branches } = await call<{ branches: BranchesView }>('GET', `${this.#path}/branches`)
    return branches
  }

  #sessionChanged(session: SessionView): void {
    const { revision, messageCount, title } = this.#view.session
    if (session.revision === revision && session.messageCount === messageCount) return
    // What changes while we write ourselves is read at the end of it, in one go.
    const { turn } = this.#view.session
    this.#set({ session: turn === undefined ? session : { ...session, turn } })
    if (session.title !== title) announceChange()
    if (!isBusy(this.#view)) void this.refresh()
  }

  /** Brings a message to the server, with as many attempts as make sense, and reads the answer as it comes. */
  async #deliver(outgoing: Outgoing): Promise<void> {
    const { signal } = this.#life
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#goBack(outgoing)
        const response = await open('POST', `${this.#path}/message?stream=true`, {
          body: { id: outgoing.id, content: outgoing.text },
          key: outgoing.id,
          signal,
        })
        await this.#readOwn(response)
        return
      } catch (error) {
        if (signal.aborted) return
        if (attempt + 1 < sendAttempts && isPassing(error) && navigator.onLine) {
          await pause(backoff(attempt), signal)
          continue
        }
        if (isProblem(error, 'not_found')) this.#set({ isGone: true })
        this.#refused(outgoing, sayProblem(error))
        return
      }
    }
  }

  #refused({ id }: Outgoing, problem: string): void {
    // A message that is in the log stands there already, and what failed is only that it was to be answered anew.
    if (this.#view.messages.some((message) => message.id === id)) {
      this.#apply({ type: 'discard' })
      this.#set({ notice: problem })
    } else {
      this.#apply({ type: 'refused', problem })
    }
  }

  async #goBack({ id, after }: Outgoing): Promise<void> {
    if (after === undefined) return
    await call('POST', `${this.#path}/rewind`, { body: { toSeq: after }, key: `${id}-rewind` })
  }

  async #readOwn(response: Response): Promise<void> {
    const { signal } = this.#life
    const place = { turnId: '', lastEventId: '' }
    const hasEnded = await readTurn(response, place, (action) => {
      if (action.type === 'started') {
        forgetOutgoing(this.sessionId)
        announceChange()
      }
      this.#write(action)
    }).catch((error: unknown) => {
      // Before it said which turn it is, the whole message is sent again; the key makes that harmless.
      if (place.turnId === '') throw error
      return false
    })
    if (signal.aborted) return
    if (!hasEnded && place.turnId !== '') {
      await followTurn(this.sessionId, place, (action) => this.#write(action), signal)
    }
    await this.#settle()
  }

  /** Follows a turn that was begun elsewhere, or before this page was loaded, from its beginning. */
  async #follow(turnId: string): Promise<void> {
    if (this.#followed === turnId) return
    this.#followed = turnId
    const { signal } = this.#life
    await followTurn(this.sessionId, { turnId, lastEventId: '' }, (action) => this.#write(action), signal)
    if (!signal.aborted) await this.#settle()
  }

  /** What was written is in the log now. */
  async #settle(): Promise<void> {
    this.#flush()
    if (this.#view.answer !== undefined) this.#apply({ type: 'ended' })
    // One that began before the end would not show it.
    await this.#refreshing
    await this.refresh()
    announceChange()
  }

  async #attempt(what: () => Promise<unknown>): Promise<boolean> {
    this.#set({ notice: undefined })
    try {
      await what()
      return true
    } catch (error) {
      if (isProblem(error, 'not_found')) void this.refresh()
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
