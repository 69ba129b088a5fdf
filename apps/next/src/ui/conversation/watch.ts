import { open } from '../api-client.ts'
import { backoff, pause } from '../pause.ts'
import { isProblem } from '../problem.ts'
import { readEvents } from '../sse.ts'
import type { SessionView } from '../wire.ts'

export interface Watching {
  readonly changed: (session: SessionView) => void
  /** It was deleted, has expired, or belongs to another user now. */
  readonly ended: () => void
  /** Whether the page is connected now. */
  readonly connected: (isConnected: boolean) => void
}

/**
 * Reports each change of a session, from any cause, until `signal`. A hidden page disconnects: a browser allows few
 * connections to a host, and they are for visible pages.
 */
export async function watchSession(
  sessionId: string,
  { changed, ended, connected }: Watching,
  signal: AbortSignal,
): Promise<void> {
  let lastEventId = ''
  for (let attempt = 0; !signal.aborted; attempt++) {
    await untilVisible(signal)
    const hidden = whenHidden(signal)
    try {
      const response = await open('GET', `/sessions/${sessionId}/events`, {
        signal: hidden.signal,
        headers: lastEventId === '' ? {} : { 'Last-Event-ID': lastEventId },
      })
      connected(true)
      for await (const { id, event, data } of readEvents(response)) {
        attempt = -1
        if (event === 'session.ended') return ended()
        lastEventId = id
        if (event === 'session.changed') changed((data as { session: SessionView }).session)
      }
    } catch (error) {
      if (isProblem(error, 'not_found')) return ended()
      if (!hidden.signal.aborted) connected(false)
    } finally {
      hidden.stop()
    }
    if (document.visibilityState === 'visible') await pause(backoff(attempt + 1), signal)
    else attempt = -1
  }
}

async function untilVisible(signal: AbortSignal): Promise<void> {
  while (document.visibilityState === 'hidden' && !signal.aborted) {
    const seen = new AbortController()
    const look = (): void => seen.abort()
    document.addEventListener('visibilitychange', look, { once: true })
    await pause(3_600_000, AbortSignal.any([signal, seen.signal]))
    document.removeEventListener('visibilitychange', look)
  }
}

function whenHidden(signal: AbortSignal): { signal: AbortSignal; stop: () => void } {
  const hidden = new AbortController()
  const look = (): void => {
    if (document.visibilityState === 'hidden') hidden.abort()
  }
  document.addEventListener('visibilitychange', look)
  return {
    signal: AbortSignal.any([signal, hidden.signal]),
    stop: () => document.removeEventListener('visibilitychange', look),
  }
}
