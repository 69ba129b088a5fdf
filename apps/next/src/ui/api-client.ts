import { Problem } from './problem.ts'

export interface CallOptions {
  readonly body?: object
  /** Makes a repeat of the same request harmless. */
  readonly key?: string
  readonly signal?: AbortSignal
  readonly headers?: Readonly<Record<string, string>>
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** The answer of the API as JSON. @throws Problem */
export async function call<Answer>(method: Method, path: string, options: CallOptions = {}): Promise<Answer> {
  const response = await open(method, path, options)
  try {
    return (await response.json()) as Answer
  } catch {
    throw new Problem('offline')
  }
}

/** The answer of the API as a stream, after its status was checked. @throws Problem */
export async function open(method: Method, path: string, options: CallOptions = {}): Promise<Response> {
  const { body, key, signal, headers } = options
  const response = await fetch(`/api${path}`, {
    method,
    cache: 'no-store',
    headers: {
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(key === undefined ? {} : { 'Idempotency-Key': key }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    // The page itself has aborted, so it needs no error.
    if (signal?.aborted === true) throw error
    throw new Problem('offline')
  })
  noteTime(response)
  if (response.ok) return response
  throw await problemOf(response)
}

let aheadMs = 0

function noteTime({ headers }: Response): void {
  // The header leaves out a part of a second.
  const ahead = Date.now() - Date.parse(headers.get('Date') ?? '') - 999
  // What little it differs was spent on the way.
  if (!Number.isNaN(ahead)) aheadMs = Math.abs(ahead) < 10_000 ? 0 : ahead
}

/** The time at the server, in epoch ms: the clock of a device may be wrong by days. */
export function serverNow(): number {
  return Date.now() - aheadMs
}

async function problemOf(response: Response): Promise<Problem> {
  const told = (await response.json().catch(() => ({}))) as {
    code?: string
    detail?: string
    retryAfterMs?: number
  }
  return new Problem(told.code ?? (response.status === 503 ? 'unavailable' : 'unexpected'), {
    status: response.status,
    ...(told.detail === undefined ? {} : { detail: told.detail }),
    ...(told.retryAfterMs === undefined ? {} : { retryAfterMs: told.retryAfterMs }),
  })
}

/** A unique name. Also works without `crypto.randomUUID`, which is missing on a plain-HTTP host name. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(18))
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
}
