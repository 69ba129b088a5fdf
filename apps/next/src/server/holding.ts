import type { Session } from '@sessions/core'
import { holdersOf, isElsewhere, toHolderLabel } from '../holders.ts'
import { type Caller, deviceOf, identityOf, visitorOf } from './caller.ts'
import { chat } from './chat.ts'

/** What a guest may do to a session from each of their devices, wherever it goes on. */
const everywhere = /^(?:DELETE|POST fork|POST transfers\/[^/]+\/deny)$/

/** Refuses what a device would change of a session that goes on elsewhere; lets everything else pass. */
export async function refuseElsewhere(request: Request): Promise<Response | undefined> {
  if (['GET', 'HEAD', 'OPTIONS'].includes(request.method)) return undefined
  const { pathname } = new URL(request.url)
  const [, id, rest = ''] = /\/api\/sessions\/([^/]+)\/?(.*)$/.exec(pathname) ?? []
  if (id === undefined || everywhere.test(`${request.method} ${rest}`.trim())) return undefined
  return refusal(request, decodeURIComponent(id))
}

/** The refusal, when a session of the caller goes on elsewhere. */
export async function refusal(caller: Caller, id: string): Promise<Response | undefined> {
  const session = await (await chat.sessions()).for(identityOf(visitorOf(caller))).find(id)
  if (session === undefined || !isElsewhere(session.record, deviceOf(caller))) return undefined
  const problem = {
    type: 'about:blank',
    title: 'Elsewhere',
    status: 409,
    code: 'elsewhere',
    detail: 'This conversation goes on on your other device.',
  }
  return Response.json(problem, {
    status: 409,
    headers: { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' },
  })
}

/** From now on the session goes on with this device alone. */
export async function hold(session: Session, device: string): Promise<void> {
  await session.edit({ label: toHolderLabel(session.id, [device]) })
}

/** The device joins those that go on with the session. */
export async function join(session: Session, device: string): Promise<void> {
  const holders = holdersOf(session.record)
  if (holders === undefined || holders.includes(device)) return
  await session.edit({ label: toHolderLabel(session.id, [...holders, device]) })
}
