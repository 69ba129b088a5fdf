import { SessionError } from '@sessions/core'
import { checkOrigin } from '@sessions/core/node'
import { headers } from 'next/headers.js'
import type { NextSessions } from './next-sessions.js'
import { hostOf } from './request-parts.js'

/**
 * Refuses a request that a page of another site may have sent with its visitor's cookies. Next itself allows a request
 * without an origin.
 *
 * @throws `csrf`
 */
export function checkPage(
  sessions: NextSessions,
  request: { readonly method: string; readonly headers: Pick<Headers, 'get'> },
): void {
  const { header = false, trustedOrigins = [] } = sessions.options
  checkOrigin(request, { host: hostOf(request.headers) }, { hasHeaderMode: header, trustedOrigins })
}

/** As `checkPage`, for an action. @throws `forbidden` */
export async function checkCaller(sessions: NextSessions): Promise<void> {
  const head = await headers()
  try {
    checkPage(sessions, { method: 'POST', headers: head })
  } catch (cause) {
    throw new SessionError('forbidden', (cause as Error).message, { cause })
  }
}
