import type { SessionTtl } from '../service/lifetime.js'
import type { ApiConfig } from './api-options.js'
import { RequestError } from './problem.js'

/** How long a client wants its session to live, once it is known that it may. @throws `unprocessable` */
export function checkTtl(
  { clientTtl }: Pick<ApiConfig, 'clientTtl'>,
  ttl: SessionTtl,
  path = 'ttl',
): SessionTtl {
  const most = { idleMs: clientTtl?.maxIdleMs, absoluteMs: clientTtl?.maxAbsoluteMs }
  for (const name of ['idleMs', 'absoluteMs'] as const) {
    const wanted = ttl[name]
    if (wanted === undefined) continue
    const max = most[name]
    const where = path === '' ? name : `${path}.${name}`
    if (max === undefined) {
      throw new RequestError('unprocessable', `${where} is not a field that a client may set.`, {
        path: where,
      })
    }
    if (wanted > max) {
      throw new RequestError('unprocessable', `${where} may be ${max} milliseconds at most.`, { path: where })
    }
  }
  return ttl
}
