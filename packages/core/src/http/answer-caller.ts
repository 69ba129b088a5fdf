import { callerOf, noteCaller } from '../audit/caller.js'
import { noteAudit } from '../audit/note.js'
import { suspicionsOf } from '../audit/suspicions.js'
import { digestOf } from '../digest.js'
import type { Identity } from '../domain/identity.js'
import { isSessionError, isUnreadable } from '../errors.js'
import type { RateLimiter } from './api-options.js'
import { readBody } from './body.js'
import { executeCall, type IdentifiedRequest, type RoutedRequest, requestSession } from './call.js'
import { executeOnce } from './idempotency.js'
import { keyOf } from './idempotency-key.js'
import { RequestError } from './problem.js'
import { problemResponse } from './problem-response.js'
import type { RequestSession } from './request-session.js'
import { consume } from './rate-limits.js'

/**
 * Identifies the caller of a request, counts the request, reads its body and lets its route answer: once, if it has a
 * key.
 */
export async function answerCaller(routed: RoutedRequest): Promise<Response> {
  const { api, route, request, headers, context } = routed
  if (route.isPublic === true) {
    const identity = { tenantId: 'public' }
    const requested = requestSession(routed, identity)
    return executeCall({ ...routed, ...requested, identity, text: undefined, key: undefined })
  }
  const known = await api.identify(request, context)
  if (known instanceof Response) return known
  const requested = requestSession(routed, known)
  const identity = await requested.caller.identity()
  // Anybody can be a new guest with each request.
  const counted = requested.caller.isNewGuest ? known : identity
  const limitKey = api.limitKey(request, counted)
  const count = async (limiter: RateLimiter | undefined, key = limitKey, name?: string): Promise<void> => {
    try {
      await consume(limiter, key, headers, api, name)
    } catch (error) {
      if (error instanceof RequestError) noteLimited(routed, counted)
      throw error
    }
  }
  await count(api.limiter)
  for (const { name, limiter, key } of api.limits) {
    const named = key(request, counted, routed.params['id'])
    if (named !== undefined) await count(limiter, named, name)
  }
  const countMiss = async (): Promise<void> => count(api.missLimiter, limitKey, 'misses')
  let response: Response
  try {
    response = await answerIdentified({ ...routed, identity, ...requested })
  } catch (error) {
    if (isSessionError(error, 'unauthenticated')) await noteMiss(routed, identity, limitKey)
    if (!isSessionError(error, 'not_found')) throw error
    await noteMiss(routed, identity, limitKey)
    await countMiss()
    throw error
  } finally {
    await noteDevice(routed, identity, requested.caller)
  }
  if (response.status === 401 || response.status === 404) await noteMiss(routed, identity, limitKey)
  if (response.status === 404) await countMiss()
  return response
}

/** Counts a request for what does not exist, or of nobody, against guessing. */
async function noteMiss(routed: RoutedRequest, identity: Identity, key: string): Promise<void> {
  const caller = { ...identity }
  noteCaller(caller, { requestId: routed.requestId })
  suspicionsOf(routed.api.service).missed(await digestOf(key), caller)
}

/** Looks whether the credential of the request was in another device just now. */
async function noteDevice(
  { api, request, context, requestId }: RoutedRequest,
  identity: Identity,
  { opened }: RequestSession,
): Promise<void> {
  if (opened === undefined) return
  let name: string | undefined
  try {
    name = api.deviceOf(request, identity, context)
  } catch {
    // The request is answered already.
  }
  if (typeof name !== 'string') return
  const caller = { ...identity }
  noteCaller(caller, { requestId })
  const [credential, device] = await Promise.all([digestOf(opened.credential), digestOf(name)])
  suspicionsOf(api.service).used(credential, device, opened.session.record, caller)
}

/** Notes in the audit that a request was over a limit. */
function noteLimited({ api, requestId, route }: RoutedRequest, identity: Identity): void {
  const happening = {
    ...callerOf(identity),
    requestId,
    tenantId: identity.tenantId,
    action: 'request.limited',
  }
  noteAudit(api.service, { ...happening, detail: { operation: route.operation } }, 'refused')
}

/** Look the session up first: for a session that the caller may not touch, no body is read and no key looked up. */
async function answerIdentified(asked: Omit<IdentifiedRequest, 'text' | 'key'>): Promise<Response> {
  const { api, route, request, identity, caller, owned, params } = asked
  let missing: unknown
  if (params['id'] !== undefined && !makesSession(asked) && !asksOwner(asked)) {
    try {
      await owned()
    } catch (error) {
      // A repeat by the caller who deleted the session is told again that it was deleted.
      const isDeletion = route.operation === 'deleteSession'
      const isRepeatable = isDeletion && request.headers.has('idempotency-key')
      if (isRepeatable && isSessionError(error, 'not_found')) missing = error
      // Its owner need not read a session to have it gone. The deletion finds out whose it is.
      else if (!isDeletion || !isUnreadable(error)) throw error
    }
  }
  const key = await keyOf(request, route, identity, caller, missing)
  const text = await readBody(request, route, api)
  return executeKeyed({ ...asked, text, key }, missing)
}

/** Clients of `unified-llm-client` create a session by sending a message to it. */
function makesSession({
  api,
  route,
  identity,
}: Pick<IdentifiedRequest, 'api' | 'route' | 'identity'>): boolean {
  return api.isCompat && route.operation === 'sendMessage' && identity.userId !== undefined
}

/** The write finds out whose the session is, and the answer takes as long for a foreign session as for none. */
function asksOwner({
  route,
  request,
  identity,
}: Pick<IdentifiedRequest, 'route' | 'request' | 'identity'>): boolean {
  return route.asksOwner === true && identity.userId !== undefined && !request.headers.has('if-match')
}

async function executeKeyed(identified: IdentifiedRequest, missing: unknown): Promise<Response> {
  const { api, route, request, url, requestId, params, identity, text, key, caller } = identified
  if (key === undefined || route.ownIdempotency === true) return executeCall(identified)
  // An answer that is kept would outlive the request. Whose session is kept has no such request.
  const isKept = (await (await caller.mine()).keepsSessions()) || (await caller.find()) !== undefined
  if (!isKept) return executeCall(identified)
  return executeOnce({
    service: api.service,
    tenantId: identity.tenantId,
    scope: JSON.stringify([key.scope, route.method, route.path, params]),
    key: key.key,
    content: JSON.stringify([text ?? '', url.search]),
    isSecret: route.isSecret === true || api.service.redaction !== undefined,
    about: {
      ...(identity.userId === undefined ? {} : { userId: identity.userId }),
      // The answer to a deletion must outlive the session.
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
