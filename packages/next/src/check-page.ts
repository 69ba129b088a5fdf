import { SessionError } from '@sessions/core'
import { checkOrigin } from '@sessions/core/node'
import { headers } from 'next/headers.js'
import type { NextSessions } from './next-sessions.js'
import { hostOf } from './request-parts.js'

/**
 * Refuses what a page of another site may have sent with its visitor's cookies. Next itself lets a request pass that
 * names no origin.
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
    throw new SessionError('forbidden', 'The request may come from a page of another site.', { cause })
  }
}
