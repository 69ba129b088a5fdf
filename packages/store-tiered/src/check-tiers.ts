import { checkOptions, checkWhole, isEncrypting, SessionError, type SessionStore } from '@sessions/core/store'
import type { HotTierOptions, TieredStoreOptions } from './tiered-store-options.js'

/** @throws `invalid` with the path of what is wrong. */
export function checkTiers(last: SessionStore, options: TieredStoreOptions): void {
  checkOptions<TieredStoreOptions>(options, {
    hot: 'object',
    warm: 'object',
    bus: 'object',
    settleMs: 'number',
  })
  if (typeof last?.read !== 'function')
    throw new SessionError('invalid', 'last must be a store', { path: 'last' })
  checkOptions<HotTierOptions>(options?.hot, { maxBytes: 'number' }, 'hot')
  checkWhole(options?.hot?.maxBytes, 'hot.maxBytes', 1)
  checkWhole(options.settleMs ?? 0, 'settleMs', 0)
  if (options.bus !== undefined && typeof options.bus.subscribe !== 'function') {
    throw new SessionError('invalid', 'bus must be a bus, such as redisBus(client, subscriber)', {
      path: 'bus',
    })
  }
  if (options.warm !== undefined && typeof options.warm.begin !== 'function') {
    throw new SessionError('invalid', 'warm must be a cache, such as redisCache(client)', { path: 'warm' })
  }
  if (options.warm !== undefined && isEncrypting(last)) {
    const message =
      'warm would hold in clear what last seals: put encryption outside, encryptedStore(tieredStore(…))'
    throw new SessionError('invalid', message, { path: 'warm' })
  }
}
