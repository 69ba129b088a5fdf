import { isSessionError } from '../errors.js'
import { readBody } from './body.js'
import { executeCall, type IdentifiedRequest, type RoutedRequest } from './call.js'
import { executeOnce } from './idempotency.js'
import { keyOf } from './idempotency-key.js'
import { problemResponse } from './problem-response.js'
import { consume } from './rate-limits.js'

/** Asks who sends a request, counts it, reads its body and has its route answer it: once, when it has a key. */
export async function answerCaller(routed: RoutedRequest): Promise<Response> {
  const { api, route, request, headers, context } = routed
  if (route.isPublic === true) {
    return executeCall({ ...routed, identity: { tenantId: 'public' }, text: undefined, key: undefined })
  }
  const identity = await api.identify(request, context)
  if (identity instanceof Response) return identity
  const limitKey = api.limitKey(request, identity)
  await consume(api.limiter, limitKey, headers, api.limiterFailure)
  const text = await readBody(request, route, api)
  const key = keyOf(request, route, identity, api)
  try {
    return await executeKeyed({ ...routed, identity, text, key })
  } catch (error) {
    if (isSessionError(error, 'not_found')) {
      await consume(api.missLimiter, limitKey, headers, api.limiterFailure)
    }
    throw error
  }
}

async function executeKeyed(identified: IdentifiedRequest): Promise<Response> {
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
    execute: async (seed, isRetry) => {
      try {
        return await executeCall(identified, { seed, isRetry })
      } catch (error) {
        return problemResponse(api, request, requestId, error)
      }
    },
  })
}
