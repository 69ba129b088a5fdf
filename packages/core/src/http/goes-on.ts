import type { Call } from './route.js'

/** Tells a platform that freezes processes of work that goes on after the answer. The work must not reject. */
export function goesOn(
  { api, request, waitUntil }: Pick<Call, 'api' | 'request' | 'waitUntil'>,
  work: Promise<void>,
): void {
  try {
    waitUntil?.(work)
  } catch (error) {
    // The work runs: the answer is worth more than the platform's trouble.
    api.onError(error, request)
  }
}
