import { expect, it } from 'vitest'
import { guests } from '../../src/http.js'
import { SessionError } from '../../src/index.js'
import { RequestGuest } from '../../src/http/request-guest.js'
import { codeOf } from '../service.js'

const secrets = ['a secret that only these tests may know']
const made = guests({ secrets })

/** One request, with the cookies that its answer sets. */
function request(cookie?: string, isOfAnotherSite = false) {
  const cookies: string[] = []
  let isSent = false
  const guest = new RequestGuest({
    guests: made,
    fields: { cookie, sessionId: undefined, isSecure: true, isOfAnotherSite },
    headers: {
      canWrite: () => !isSent,
      append: (name, value) => void (name === 'Set-Cookie' && cookies.push(value)),
      setDefault: () => {},
    },
    warn: () => {},
  })
  return { guest, cookies, send: () => void (isSent = true) }
}
const handedOver = async (guest: RequestGuest) => codeOf((async () => guest.handOver())())

it('names a guest to the client once, and a user never', async () => {
  const one = request()
  expect(await one.guest.identify({ tenantId: 'acme', userId: 'alice' })).toEqual({
    tenantId: 'acme',
    userId: 'alice',
  })
  one.guest.handOver()
  expect([one.cookies, one.guest.isNew]).toEqual([[], false])
  const { userId } = await one.guest.identify({ tenantId: 'acme' })
  expect(userId).toMatch(/^guest:[\w-]{20,}$/)
  one.guest.handOver()
  one.guest.handOver()
  expect([one.cookies.length, one.guest.isNew]).toEqual([1, true])
  expect(one.cookies[0]).toMatch(/^__Host-guest=[\w.-]+;.*Max-Age=34560000/)
  const cookie = one.cookies[0]!.split(';')[0]!
  const two = request(cookie)
  expect((await two.guest.identify({ tenantId: 'acme' })).userId).toBe(userId)
  two.guest.handOver()
  expect([two.guest.isNew, two.cookies.length]).toEqual([false, 1])
  two.guest.end()
  expect(two.cookies[1]).toMatch(/^__Host-guest=;/)
  two.guest.handOver()
  expect(two.cookies).toHaveLength(2)
  // Neither another tenant nor a forged cookie has this guest.
  expect(await request(cookie).guest.find('other')).toBeUndefined()
  expect(await request(`${cookie}x`).guest.find('acme')).toBeUndefined()
  expect(await request().guest.find('acme')).toBeUndefined()
})

it('is lost only where nobody has it: no new guest without a cookie, and a known one as it is', async () => {
  const first = request()
  await first.guest.identify({ tenantId: 'acme' })
  first.guest.handOver()
  const cookie = first.cookies[0]!.split(';')[0]!
  const late = request()
  await late.guest.identify({ tenantId: 'acme' })
  late.send()
  expect([await handedOver(late.guest), late.cookies]).toEqual(['headers_sent', []])
  const known = request(cookie)
  await known.guest.identify({ tenantId: 'acme' })
  known.send()
  expect([await handedOver(known.guest), known.cookies]).toEqual(['settled', []])
  const foreign = request(undefined, true)
  await foreign.guest.identify({ tenantId: 'acme' })
  expect([await handedOver(foreign.guest), foreign.cookies]).toEqual(['forbidden', []])
  const returned = request(cookie, true)
  await returned.guest.identify({ tenantId: 'acme' })
  expect(await handedOver(returned.guest)).toBe('settled')
})

it('is taken away from a client whose guest was erased, while the answer can say so', async () => {
  const first = request()
  await first.guest.identify({ tenantId: 'acme' })
  first.guest.handOver()
  const cookie = first.cookies[0]!.split(';')[0]!
  const told = async (why: unknown, { isUser = false, isLate = false } = {}) => {
    const { guest, cookies, send } = request(cookie)
    await guest.identify({ tenantId: 'acme', ...(isUser ? { userId: 'alice' } : {}) })
    if (isLate) send()
    guest.endIfErased(why)
    return cookies
  }
  const erased = new SessionError('user_erased', 'erased')
  expect(await told(erased)).toEqual([expect.stringMatching(/^__Host-guest=;/)])
  expect(await told(new SessionError('limit_reached', 'full'))).toEqual([])
  expect(await told(erased, { isUser: true })).toEqual([])
  expect(await told(erased, { isLate: true })).toEqual([])
})
