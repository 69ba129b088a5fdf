import { newId } from '../ids.js'

/** What every answer of an HTTP API has, beside the id of its request. */
export const everyAnswer: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
}

/** The client's own id of the request if it is harmless, else a new one. */
export function requestIdOf(given: string | null | undefined): string {
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : newId()
}
