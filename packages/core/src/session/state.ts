import { SessionError } from '../errors.js'
import { type JsonObject, mergePatch, parseJsonObject } from '../json.js'
import { allowing, refuseWithout } from '../service/consent.js'
import type { LiveSession } from '../service/live-session.js'
import { takeCalls } from '../service/take-calls.js'
import { refuseErased } from '../service/user-record.js'
import { refuseAdminReads } from './admin-reads.js'
import type { ChangeOptions } from '../service/change-options.js'

/** Any JSON of one session: its phase, tasks, intermediate results. */
export class SessionState {
  static {
    refuseAdminReads(SessionState.prototype, (handle) => handle.#live)
    takeCalls(SessionState.prototype, (handle) => handle.#live.service.work)
  }

  readonly #live: LiveSession

  /** @internal Made with the session. */
  constructor(live: LiveSession) {
    this.#live = live
  }

  /** The state as it is now; empty when nobody has set it. @throws `not_found` */
  async get(): Promise<JsonObject> {
    return (await this.#live.show()).body.state
  }

  /**
   * Changes the state by a pure function, which runs again when another caller was faster.
   *
   * @throws `invalid`
   *
   * @example
   * ```ts
   * import type { Session } from '@sessions/core'
   *
   * declare const session: Session
   * await session.state.update((state) => ({ ...state, visits: Number(state['visits'] ?? 0) + 1 }))
   * ```
   */
  async update(change: (state: JsonObject) => JsonObject, options?: ChangeOptions): Promise<JsonObject> {
    if (typeof change !== 'function') {
      throw new SessionError('invalid', 'change must be a function', { path: 'change' })
    }
    let changed = false
    const { record, body, isRepeat } = await this.#live.update((before) => {
      const was = JSON.stringify(before.state)
      const given = change(before.state)
      const state = parseJsonObject(given, 'state')
      // One who changes the state in place, and returns it, means the change.
      changed = given !== before.state || JSON.stringify(state) !== was
      return changed ? { ...before, state } : before
    }, options)
    if (changed && isRepeat !== true) this.#live.emit('state.changed', record, { revision: record.revision })
    return body.state
  }

  /** Merges a patch as RFC 7396 says: `null` removes a key. @throws `invalid` */
  async merge(patch: JsonObject, options?: ChangeOptions): Promise<JsonObject> {
    const parsed = parseJsonObject(patch, 'state')
    return this.update((state) => mergePatch(state, parsed), options)
  }
}

/** Preferences of a session's user: budget, brands, language. */
export class SessionPreferences {
  static {
    refuseAdminReads(SessionPreferences.prototype, (handle) => handle.#live)
    takeCalls(SessionPreferences.prototype, (handle) => handle.#live.service.work)
  }

  readonly #live: LiveSession

  /** @internal Made with the session. */
  constructor(live: LiveSession) {
    this.#live = live
  }

  /** The preferences as they are now; empty when nobody has set them. @throws `not_found` */
  async get(): Promise<JsonObject> {
    return (await this.#live.show()).body.preferences
  }

  /**
   * Merges a patch as RFC 7396 says: `null` removes a key.
   *
   * @throws `invalid`; `consent_missing` when the user does not consent to `personalization`.
   */
  async merge(patch: JsonObject, options?: ChangeOptions): Promise<JsonObject> {
    const parsed = parseJsonObject(patch, 'preferences')
    const allows = await allowing(this.#live, 'personalization')
    const { record, body, isRepeat } = await this.#live.update((before) => {
      if (!allows(before)) refuseWithout('personalization')
      return { ...before, preferences: mergePatch(before.preferences, parsed) }
    }, options)
    const { service } = this.#live
    // The user may have withdrawn it after it was asked for.
    if (service.consent !== undefined && !(await refuseErased(service, record))) {
      await this.#live.update((before) => ({ ...before, preferences: {} }))
      refuseWithout('personalization')
    }
    if (isRepeat === true) return body.preferences
    const keys = Object.keys(patch)
    this.#live.emit('preferences.changed', record, { revision: record.revision, keys })
    return body.preferences
  }
}
