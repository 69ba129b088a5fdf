import { digestOf } from '../digest.js'
import { parseUser } from '../domain/identity.js'
import { newId } from '../ids.js'
import { isAllowed, refuseWithout } from '../service/consent.js'
import type { Service } from '../service/service.js'
import { changeUserRecord, checkNotErased, readUserRecord, type TenantUser } from '../service/user-record.js'

/** Stands for a user in what is counted, and is made with a key that the user record alone has. */
export async function pseudonymOf(service: Service, given: TenantUser): Promise<string> {
  const user = parseUser(given)
  if (!isAllowed(service, 'analytics', await checkNotErased(service, user))) refuseWithout('analytics')
  let key = (await readUserRecord(service, user))?.value.pseudonymKey
  if (key === undefined) {
    const made = newId()
    const changed = await changeUserRecord(service, user, (before) => {
      // The user may have withdrawn it since.
      if (!isAllowed(service, 'analytics', before.consent)) refuseWithout('analytics')
      return { ...before, pseudonymKey: before.pseudonymKey ?? made }
    })
    key = changed.pseudonymKey!
  }
  return (await digestOf(JSON.stringify(['pseudonym', key, user.tenantId, user.userId]))).slice(0, 22)
}
