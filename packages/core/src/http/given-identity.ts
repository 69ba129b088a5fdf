import { type Identity, parseIdentity } from '../domain/identity.js'
import { isSessionError, SessionError } from '../errors.js'
import { guestPrefix } from './guests.js'

/**
 * Checks what `identify` of the application gave. Of a wrong identity the log gets to know all, and the client nothing:
 * unless a text is no possible id, which a client may have sent.
 *
 * @param guest The guest whom the caller is without an account: then no account may have the name of one.
 * @throws `TypeError` for what is no identity; `invalid` for a text that is no possible id
 */
export function givenIdentity(given: Identity, guest?: object): Identity {
  try {
    parseIdentity(given)
    if (guest !== undefined && given.userId?.startsWith(guestPrefix) === true) {
      throw new SessionError('invalid', `A user id that begins with "${guestPrefix}" is that of a guest.`, {
        path: 'userId',
      })
    }
    return given
  } catch (error) {
    if (!isSessionError(error) || isText(given, error.path)) throw error
    throw new TypeError(`identify gave no identity: ${error.message}`, { cause: error })
  }
}

function isText(given: Identity | null | undefined, path: string | undefined): boolean {
  return (path === 'tenantId' || path === 'userId') && typeof given?.[path] === 'string'
}
