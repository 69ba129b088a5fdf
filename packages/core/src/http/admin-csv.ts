import { type Identity, isAdmin } from '../domain/identity.js'
import { SessionError } from '../errors.js'
import { accepts } from './accepts.js'
import type { Call } from './route.js'
import { textStream } from './text-stream.js'

/** What reports for admins come as, beside JSON. */
export const csvType = 'text/csv'

/** @param what What is for admins. @throws `unauthenticated`, `forbidden` */
export function checkAdmin(identity: Identity, what: string): void {
  if (isAdmin(identity)) return
  if (identity.userId === undefined) throw new SessionError('unauthenticated', 'Sign in first.')
  throw new SessionError('forbidden', `Only an admin may see the ${what}.`)
}

/** Whether a report is asked for as CSV; the answer then depends on `Accept`. */
export function asksForCsv(
  { request, headers }: Pick<Call, 'request' | 'headers'>,
  format: 'json' | 'csv' | undefined,
): boolean {
  headers.append('Vary', 'Accept')
  return (format ?? (accepts(request, csvType) ? 'csv' : 'json')) === 'csv'
}

/** Lines of CSV as an answer that a browser stores as a file. */
export function csvResponse(
  { api, identity }: Pick<Call, 'api' | 'identity'>,
  name: string,
  lines: Iterable<string>,
): Response {
  return new Response(textStream(pieces(lines), api.openStreams.enter(identity, name)), {
    headers: {
      'Content-Type': `${csvType}; charset=utf-8; header=present`,
      'Content-Disposition': `attachment; filename="${name}.csv"`,
    },
  })
}

async function* pieces(lines: Iterable<string>): AsyncGenerator<string, void, undefined> {
  yield* lines
}
