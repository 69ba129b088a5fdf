import { type Identity, parseIdentity } from '../domain/identity.js'
import { checkOptions } from '../options.js'

/** Where an import goes. */
export interface ImportInto {
  /** The tenant that the sessions come to. */
  tenantId: string
  /** Whose they become (default: they stay whose they are). */
  userId?: string
}

/** Who imports: the user, or an admin, whose import keeps whose the sessions are. @throws `invalid` */
export function importerOf(into: ImportInto): Identity {
  checkOptions<ImportInto>(into, { tenantId: 'text', userId: 'text' }, 'into')
  const { tenantId, userId } = parseIdentity(into)
  return userId === undefined ? { tenantId, roles: ['admin'] } : { tenantId, userId }
}
