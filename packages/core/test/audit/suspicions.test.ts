import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { SessionEventOf } from '../../src/audit.js'
import { memoryStore, type SessionsOptions } from '../../src/index.js'
import type { SessionApiOptions } from '../../src/http/api-options.js'
import { createSessionApi } from '../../src/http/api.js'
import { alice, anonymous, bob, codeOf, service } from '../service.js'

const credentialSecrets = ['a secret that both processes know, and nobody else']
const audit = { secrets: ['a secret of the audit that is long enough'] }
type Suspicious = SessionEventOf<'access.suspicious'>

function watching(options: SessionsOptions = {}, api: Partial<SessionApiOptions> = {}) {
  const told: Suspicious[] = []
  const sessions = service({
    store: memoryStore(),
    credentialSecrets,
    audit,
    suspicion: { misses: 3, outdated: 2, on: (event) => told.push(event) },
    transfers: { url: 'https://app.test/continue' },
    ...options,
  })
  const { handle } = createSessionApi({
    sessions,
    header: true,
    identify: (request) => (request.headers.has('authorization') ? alice : anonymous),
    ...api,
  })
  const send = async (method: string, path: string, headers: Record<string, string> = {}) =>
    handle(new Request(`https://api.test${path}`, { method, headers }))
  const reasons = () => told.map(({ reason, count }) => [reason, count])
  return { sessions, send, told, reasons }
}

describe('suspicious is', () => {
  it('a caller who asks again and again for what does not exist, told once a minute', async () => {
    const { send, told, reasons, sessions } = watching()
    for (let index = 0; index < 5; index++)
      await send('GET', `/sessions/none-${index}`, { authorization: 'yes', 'x-request-id': `r${index}` })
    expect(reasons()).toEqual([['misses', 3]])
    expect(told[0]).toMatchObject({
      tenantId: 'acme',
      sessionId: '',
      actor: { userId: 'alice' },
      requestId: 'r2',
    })
    await send('GET', '/sessions/none')
    expect(reasons()).toHaveLength(1)
    await sessions.settled()
    const entries: object[] = []
    for await (const entry of sessions.audit.list({ tenantId: 'acme' })) entries.push(entry)
    expect(entries).toMatchObject([{ action: 'use.suspicious', detail: { reason: 'misses', count: 3 } }])
    expect((entries[0] as { sessionId?: string }).sessionId).toBeUndefined()
  })

  it('nobody whose requests are more than a minute apart', async () => {
    const { send, told } = watching()
    const from = Math.ceil(performance.now())
    const clock = vi.spyOn(performance, 'now')
    onTestFinished(() => clock.mockRestore())
    for (let index = 0; index < 8; index++) {
      clock.mockReturnValue(from + index * 30_000)
      await send('GET', '/sessions/none')
    }
    expect(told).toEqual([])
    for (let index = 0; index < 2; index++) await send('GET', '/sessions/none')
    expect(told).toHaveLength(1)
  })

  it('a credential in two devices at once, and not one device that goes on', async () => {
    const { sessions, send, told } = watching()
    const session = await sessions.for(anonymous).create()
    const credential = await session.credential()
    const from = async (device: string) =>
      send('GET', `/sessions/${session.id}`, { 'x-session-id': credential, 'user-agent': device })
    for (const device of ['phone', 'phone', 'thief', 'phone', 'thief'])
      expect((await from(device)).status).toBe(200)
    expect(told).toMatchObject([{ reason: 'two_devices', sessionId: session.id, actor: 'anonymous' }])
    await sessions.settled()
    const entries: object[] = []
    for await (const entry of sessions.audit.list({ tenantId: 'acme' })) entries.push(entry)
    expect(entries).toMatchObject([{ action: 'use.suspicious', sessionId: session.id }])
    // No event has the credential, nor what a device says of itself.
    const text = JSON.stringify(sessions.events)
    for (const secret of [credential, 'phone', 'thief']) expect(text).not.toContain(secret)
  })

  it('a credential that is sent although it was replaced', async () => {
    const { sessions, send, reasons } = watching()
    const session = await sessions.for(anonymous).create()
    const stolen = await session.credential()
    await session.rotateCredential()
    for (let index = 0; index < 4; index++) {
      const { status } = await send('GET', `/sessions/${session.id}`, { 'x-session-id': stolen })
      expect(status).toBe(404)
    }
    expect(reasons()).toEqual([
      ['outdated_credential', 2],
      ['misses', 3],
    ])
  })

  it('a transfer that was redeemed already, by secret or by code, and not a repeat of its own device', async () => {
    const { sessions, reasons, told } = watching()
    const session = await sessions.for(alice).create()
    const { secret, shortCode } = await session.transfer({ mode: 'share' })
    const redemptionId = 'a redemption that nobody guesses'
    for (let index = 0; index < 2; index++) await sessions.for(alice).redeem({ secret, redemptionId })
    expect(reasons()).toEqual([])
    expect(await codeOf(sessions.for(alice).redeem({ secret }))).toBe('not_found')
    expect(reasons()).toEqual([['transfer_replayed', 1]])
    expect(told[0]!.sessionId).toBe(session.id)
    // What another user tries is no replay: that user could not have redeemed it.
    expect(await codeOf(sessions.for(bob).redeem({ shortCode }))).toBe('not_found')
    expect(reasons()).toHaveLength(1)
    // Once in a minute for each: whoever has the secret of a spent transfer fills neither logs nor the audit.
    const other = await session.transfer({ mode: 'share' })
    await sessions.for(alice).redeem({ secret: other.secret })
    for (let index = 0; index < 3; index++)
      for (const spent of [{ secret }, { shortCode }, { secret: other.secret }])
        expect(await codeOf(sessions.for(alice).redeem(spent))).toBe('not_found')
    expect(reasons()).toEqual([
      ['transfer_replayed', 1],
      ['transfer_replayed', 1],
    ])
  })

  it('nobody whom a thousand others make forgotten: what is watched is bounded', async () => {
    const { send, told } = watching({}, { limitKey: (request) => new URL(request.url).pathname })
    for (let index = 0; index < 6000; index++) await send('GET', `/sessions/none-${index}`)
    for (let index = 0; index < 2; index++) await send('GET', '/sessions/none-0')
    expect(told).toEqual([])
    await send('GET', '/sessions/none-0')
    expect(told).toHaveLength(1)
  })

  it('nothing where a device does not say what it is, or the application cannot tell', async () => {
    const devices = [
      () => undefined,
      () => {
        throw new Error('no device')
      },
    ]
    for (const deviceOf of devices) {
      const { sessions, send, told } = watching({}, { deviceOf })
      const session = await sessions.for(anonymous).create()
      const headers = { 'x-session-id': await session.credential() }
      for (const agent of ['phone', 'thief'])
        expect(
          (await send('GET', `/sessions/${session.id}`, { ...headers, 'user-agent': agent })).status,
        ).toBe(200)
      expect(told).toEqual([])
    }
  })
})
