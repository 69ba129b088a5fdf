import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { memoryStore, type SessionEvent, type TransferOptions } from '../../src/index.js'
import { apiFixture, ApiClient } from '../../src/testing.js'
import { anonymous, codeOf, service } from '../service.js'

const secrets = ['a secret that only these tests may know']
const laptop = 'Mozilla/5.0 (X11; Linux x86_64) of the laptop'
const phone = 'Mozilla/5.0 (iPhone) of the phone'
const verifier = 'what-only-the-app-of-these-tests-can-know-of-it'
const challenge = createHash('sha256').update(verifier).digest('base64url')
const redemptionId = 'redemption-of-this-test'

async function place(options: Partial<TransferOptions> = {}) {
  let now = 1_700_000_000_000
  const sessions = service({ store: memoryStore({ clock: () => now }), credentialSecrets: secrets })
  const mine = sessions.for(anonymous)
  const source = await mine.create()
  const begin = (mode: TransferOptions['mode'] = 'share') =>
    source.transfer({ mode, device: laptop, ...options })
  return { sessions, mine, source, begin, pass: (ms: number) => (now += ms) }
}
type Place = Awaited<ReturnType<typeof place>>

const ofTransfers = (events: readonly SessionEvent[]) =>
  events.filter(({ type }) => type.startsWith('transfer.'))

/** Each step as `type source target`, with the devices by name. */
function told(events: readonly SessionEvent[]): string[] {
  const known = events as readonly { sourceDevice?: string; targetDevice?: string }[]
  const source = known.find(({ sourceDevice }) => sourceDevice !== undefined)?.sourceDevice
  const name = (device: string | undefined) =>
    device === undefined ? '-' : device === source ? 'laptop' : 'phone'
  return ofTransfers(events).map((event) => {
    const { sourceDevice, targetDevice } = event as (typeof known)[number]
    return `${event.type} ${name(sourceDevice)} ${name(targetDevice)}`
  })
}

const paths: [string, Partial<TransferOptions>, (place: Place) => Promise<unknown>, string[]][] = [
  ...(['share', 'move', 'copy'] as const).map((mode): (typeof paths)[number] => [
    mode,
    {},
    async ({ mine, begin }) => {
      const { secret } = await begin(mode)
      await mine.describeTransfer({ secret, device: phone })
      await mine.redeem({ secret, device: phone, redemptionId })
      // What was told once is not told again.
      await mine.redeem({ secret, device: phone, redemptionId })
    },
    ['transfer.created laptop -', 'transfer.viewed laptop phone', 'transfer.redeemed laptop phone'],
  ]),
  [
    'approval',
    { confirm: 'source' },
    async ({ mine, source, begin }) => {
      const { secret, transferId } = await begin()
      const waiting = await mine.redeem({ secret, device: phone, redemptionId })
      await mine.redeem({ secret, device: phone, redemptionId })
      await source.approveTransfer(transferId, (waiting as { matchCode: string }).matchCode)
      // A device that comes back without a name is the approved device.
      await mine.redeem({ secret, redemptionId })
    },
    [
      'transfer.created laptop -',
      'transfer.claimed laptop phone',
      'transfer.approved laptop phone',
      'transfer.redeemed laptop phone',
    ],
  ],
  [
    'denial',
    { confirm: 'source' },
    async ({ mine, source, begin }) => {
      const { secret, transferId } = await begin()
      await mine.redeem({ secret, device: phone, redemptionId })
      await source.denyTransfer(transferId)
      await codeOf(mine.redeem({ secret, device: phone, redemptionId }))
    },
    ['transfer.created laptop -', 'transfer.claimed laptop phone', 'transfer.denied laptop phone'],
  ],
  [
    'revocation',
    {},
    async ({ mine, source, begin }) => {
      const { secret, transferId } = await begin()
      await source.revokeTransfer(transferId)
      await codeOf(mine.redeem({ secret, device: phone }))
    },
    ['transfer.created laptop -', 'transfer.revoked laptop -'],
  ],
  [
    'wrong codes',
    {},
    async ({ mine, begin }) => {
      await begin()
      for (let index = 0; index < 7; index++) {
        await codeOf(mine.redeem({ shortCode: `ZZZZZZZ${index}`, device: phone }))
      }
    },
    ['transfer.created laptop -', 'transfer.locked - phone'],
  ],
  [
    'wrong verifiers',
    { challenge },
    async ({ mine, begin }) => {
      const { secret, shortCode } = await begin()
      await codeOf(mine.redeem({ secret, device: phone }))
      await codeOf(mine.redeem({ shortCode, device: phone }))
      await codeOf(mine.describeTransfer({ secret, verifier: challenge, device: phone }))
      await mine.redeem({ secret, verifier, device: phone })
    },
    [
      'transfer.created laptop -',
      ...Array.from({ length: 3 }, () => 'transfer.refused laptop phone'),
      'transfer.redeemed laptop phone',
    ],
  ],
  [
    'expiry, at the next transfer',
    { confirm: 'source' },
    async ({ mine, source, begin, pass }) => {
      const { secret } = await begin()
      await mine.redeem({ secret, device: phone, redemptionId })
      pass(300_000)
      expect(await codeOf(mine.redeem({ secret, device: phone, redemptionId }))).toBe('not_found')
      await begin()
      await begin()
      expect(await source.transfers()).toHaveLength(2)
    },
    [
      'transfer.created laptop -',
      'transfer.claimed laptop phone',
      'transfer.expired laptop phone',
      'transfer.created laptop -',
      'transfer.created laptop -',
    ],
  ],
  [
    'expiry, when it is too late to decide',
    { confirm: 'source' },
    async ({ mine, source, begin, pass }) => {
      for (const end of ['approve', 'deny', 'revoke'] as const) {
        const { secret, transferId } = await begin()
        const waiting = await mine.redeem({ secret, device: phone, redemptionId })
        const { matchCode } = waiting as { matchCode: string }
        pass(300_000)
        const decided = {
          approve: () => source.approveTransfer(transferId, matchCode),
          deny: () => source.denyTransfer(transferId),
          revoke: () => source.revokeTransfer(transferId),
        }[end]
        expect(await codeOf(decided())).toBe('not_found')
        expect(await codeOf(decided())).toBe('not_found')
      }
    },
    Array.from({ length: 3 }, () => [
      'transfer.created laptop -',
      'transfer.claimed laptop phone',
      'transfer.expired laptop phone',
    ]).flat(),
  ],
]

describe('the events of a transfer', () => {
  it.each(paths)('tell each step of: %s', async (_, options, go, expected) => {
    const there = await place(options)
    await go(there)
    expect(told(there.sessions.events)).toEqual(expected)
  })

  it('tell devices by digests that are keyed, and other ones in another tenant', async () => {
    const devices = async (tenantId: string, secret: string) => {
      const sessions = service({ credentialSecrets: [secret] })
      const mine = sessions.for({ tenantId })
      const one = await (await mine.create()).transfer({ mode: 'share', device: laptop })
      await mine.redeem({ secret: one.secret, device: phone })
      const text = JSON.stringify(sessions.events)
      for (const raw of [laptop, phone, one.secret, one.shortCode]) expect(text).not.toContain(raw)
      const { sourceDevice, targetDevice } = sessions.events.at(-1) as Record<string, unknown>
      expect([sourceDevice, targetDevice]).toEqual([
        expect.stringMatching(/^[\w-]{16}$/),
        expect.stringMatching(/^[\w-]{16}$/),
      ])
      return [sourceDevice, targetDevice]
    }
    const acme = await devices('acme', secrets[0]!)
    // Logs of years are compared by them, so they stay what they are.
    expect(acme).toEqual(['KXNHbw3XGEuoLMVB', 'RZo1ArNPebmj81fz'])
    expect(await devices('acme', secrets[0]!)).toEqual(acme)
    const others = [
      ...acme,
      ...(await devices('other', secrets[0]!)),
      ...(await devices('acme', 'another secret of thirty-two bytes')),
    ]
    expect(new Set(others).size).toBe(6)
  })

  it('take no name that is no text', async () => {
    const { mine, begin } = await place()
    const { secret } = await begin()
    const asked = mine.redeem({ secret, device: 7 as never })
    await expect(asked).rejects.toMatchObject({ code: 'invalid', path: 'device' })
    expect(await codeOf(mine.redeem({ secret, device: phone }))).toBe('settled')
  })

  it('tell none where none is said', async () => {
    const { sessions, mine, begin } = await place({ device: undefined })
    await mine.redeem({ secret: (await begin()).secret })
    for (const event of ofTransfers(sessions.events)) {
      expect(event).toMatchObject({ sourceDevice: undefined, targetDevice: undefined })
    }
  })
})

describe('over HTTP', () => {
  async function transferred(deviceOf?: (request: Request) => string | undefined) {
    const sessions = service({ credentialSecrets: secrets })
    const api = apiFixture({ sessions, ...(deviceOf === undefined ? {} : { deviceOf }) })
    const nobody = new ApiClient((path, init) => api.handle(new Request(`https://api.test${path}`, init)))
    const made = await nobody.post('/sessions', {}, { 'user-agent': laptop })
    const held = {
      'x-session-id': made.headers.get('x-session-id')!,
      'user-agent': laptop,
      'x-device': 'one',
    }
    const path = `/sessions/${made.body.session.id}/transfer`
    const { secret } = (await nobody.post(path, { mode: 'share' }, held)).body
    const other = { 'user-agent': phone, 'x-device': 'one' }
    await nobody.post('/transfers/describe', { secret }, other)
    await nobody.post('/transfers/redeem', { secret }, other)
    expect((await nobody.post(path, { mode: 'share', device: 'mine to say' }, held)).status).toBe(400)
    return sessions.events
  }

  it('know devices by their User-Agent', async () => {
    const events = await transferred()
    expect(told(events)).toEqual([
      'transfer.created laptop -',
      'transfer.viewed laptop phone',
      'transfer.redeemed laptop phone',
    ])
    expect(JSON.stringify(events)).not.toContain('Mozilla')
  })

  it('know them by what the application says', async () => {
    const events = await transferred(({ headers }) => headers.get('x-device') ?? undefined)
    expect(told(events).at(-1)).toBe('transfer.redeemed laptop laptop')
  })
})
