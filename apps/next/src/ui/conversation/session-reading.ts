import { call } from '../api-client.ts'
import type { BranchesView, MessagePage, MessageView, SessionView } from '../wire.ts'

const pageSize = 50

/** A page of messages, oldest first. */
export interface Stretch {
  readonly messages: readonly MessageView[]
  /** The cursor of older ones; undefined at the beginning. */
  readonly earlier: number | undefined
}

/** A session as it is now, with its newest messages. @throws Problem */
export async function readSession(sessionId: string) {
  const path = `/sessions/${sessionId}`
  const [{ session }, stretch, { branches }] = await Promise.all([
    call<{ session: SessionView }>('GET', path),
    readStretch(sessionId),
    call<{ branches: BranchesView }>('GET', `${path}/branches`),
  ])
  return { session, stretch, branches }
}

/** The newest messages, or those before `before`. @throws Problem */
export async function readStretch(sessionId: string, before?: number): Promise<Stretch> {
  const cursor = before === undefined ? '' : `&cursor=${before}`
  const { messages } = await call<MessagePage>(
    'GET',
    `/sessions/${sessionId}/messages?direction=backward&limit=${pageSize}${cursor}`,
  )
  const { items, previousCursor } = messages
  return { messages: items, earlier: previousCursor === undefined ? undefined : Number(previousCursor) }
}
