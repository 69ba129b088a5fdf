import { isSessionError } from '../errors.js'
import { readBody } from './body.js'
import { executeCall, type IdentifiedRequest, type RoutedRequest, requestSession } from './call.js'
import { executeOnce } from './idempotency.js'
import { keyOf } from './idempotency-key.js'
import { problemResponse } from './problem-response.js'
import { consume } from './rate-limits.js'

/** Asks who sends a request, counts it, reads its body and has its route answer it: once, when it has a key. */
export async function answerCaller(routed: RoutedRequest): Promise<Response> {
  const { api, route, request, headers, context } = routed
  if (route.isPublic === true) {
    const everybody = { identity: { tenantId: 'public' }, ...requestSession(routed, { tenantId: 'public' }) }
    return executeCall({ ...routed, ...everybody, text: undefined, key: undefined })
  }
  const identity = await api.identify(request, context)
  if (identity instanceof Response) return identity
  const limitKey = api.limitKey(request, identity)
  await consume(api.limiter, limitKey, headers, api.limiterFailure)
  const counted = async (): Promise<void> => {
    await consume(api.missLimiter, limitKey, headers, api.limiterFailure)
  }
  let response: Response
  try {
    response = await answerIdentified({ ...routed, identity, ...requestSession(routed, identity) })
  } catch (error) {
    if (isSessionError(error, 'not_found')) await counted()
    throw error
  }
  if (response.status === 404) await counted()
  return response
}

/** The session first: a body is read, and a key is looked up, for nobody who may not touch it. */
async function answerIdentified(asked: Omit<IdentifiedRequest, 'text' | 'key'>): Promise<Response> {
  const { api, route, request, identity, caller, owned, params } = asked
  let missing: unknown
  if (params['id'] !== undefined && !makesSession(asked)) {
    try {
      await owned()
    } catch (error) {
      // That a session was deleted is told again to whoever did it.
      const isRepeatable = route.operation === 'deleteSession' && request.headers.has('idempotency-key')
      if (!isRepeatable || !isSessionError(error, 'not_found')) throw error
      missing = error
    }
  }
  const key = await keyOf(request, route, identity, caller, missing)
  const text = await readBody(request, route, api)
  return executeKeyed({ ...asked, text, key }, missing)
}

/** Clients of old make a session by sending to it. */
function makesSession({
  api,
  route,
  identity,
}: Pick<IdentifiedRequest, 'api' | 'route' | 'identity'>): boolean {
  return api.isCompat && route.operation === 'sendMessage' && identity.userId !== undefined
}

async function executeKeyed(identified: IdentifiedRequest, missing: unknown): Promise<Response> {
  const { api, route, request, url, requestId, params, identity, text, key } = identified
  if (key === undefined || route.ownIdempotency === true) return executeCall(identified)
  return executeOnce({
    service: api.service,
    tenantId: identity.tenantId,
    scope: JSON.stringify([key.scope, route.method, route.path, params]),
    key: key.key,
    content: JSON.stringify([text ?? '', url.search]),
    isSecret: route.isSecret === true,
    about: {
      ...(identity.userId === undefined ? {} : { userId: identity.userId }),
      // That a session was deleted is known after it, too.
      ...(params['id'] === undefined || route.operation === 'deleteSession' ? {} : { label: params['id'] }),
    },
    keepMs: api.idempotencyMs,
    refusal: missing,
    execute: async (seed, isRetry) => {
      try {
        return await executeCall(identified, { seed, isRetry })
      } catch (error) {
        return problemResponse(api, request, requestId, error)
      }
    },
  })
}
