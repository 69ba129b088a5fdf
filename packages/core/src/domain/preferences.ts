import { type JsonObject, mergePatch, parseJsonObject } from '../json.js'

/**
 * Preferences with `patch` merged in as RFC 7396 says: `null` forgets a key, objects merge, the rest replaces.
 *
 * @throws `invalid` with the path of what JSON cannot hold.
 */
export function mergePreferences(preferences: JsonObject, patch: unknown): JsonObject {
  return mergePatch(preferences, parseJsonObject(patch, 'preferences'))
}
