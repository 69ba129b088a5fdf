import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromText, fromToken, toText, toToken } from '../src/stored/encoding.js'
import { Keys, userDigest } from '../src/stored/keys.js'

const anyText = fc.array(fc.nat(0xffff), { maxLength: 30 }).map((units) => String.fromCharCode(...units))
const tricky = fc.oneof(anyText, fc.string({ unit: fc.constantFrom(...':{}~=% *?[]\\\n\u0000\u0001a0é') }))

const overTheWire = (text: string) => Buffer.from(text).toString()

describe('texts', () => {
  test('come back from UTF-8 as they were', () => {
    fc.assert(
      fc.property(tricky, (text) => {
        expect(fromText(overTheWire(toText(text)))).toBe(text)
        expect(fromToken(overTheWire(toToken(text)))).toBe(text)
      }),
      { numRuns: 2000 },
    )
  })

  test('stay as they are unless they have to change', () => {
    expect(toText('é 😀 \u0000')).toBe('é 😀 \u0000')
    expect(toText('\ud83d')).toBe('\u0001"\\ud83d"')
    expect(toToken('user_1.a@b-c')).toBe('user_1.a@b-c')
    expect(toToken('a b')).toBe('a~0020b')
  })
})

describe('keys', () => {
  test('are apart for any two sessions, and their tag is whole', () => {
    const keys = new Keys('p')
    fc.assert(
      fc.property(tricky, tricky, tricky, tricky, (tenant, id, otherTenant, otherId) => {
        const one = keys.session({ tenantId: tenant, id }).log
        const other = keys.session({ tenantId: otherTenant, id: otherId }).log
        expect(one === other).toBe(tenant === otherTenant && id === otherId)
        expect(one).toMatch(/^p:\{[^{}*?[\]\\]+\}:log$/)
      }),
      { numRuns: 2000 },
    )
  })

  test('of indexes are apart for any tenants, users and labels, and name no user', async () => {
    const keys = new Keys('p')
    const indexOf = async ({ userId, ...scope }: { tenantId: string; userId?: string; label?: string }) =>
      keys.index({ ...scope, user: userId === undefined ? undefined : await userDigest(userId) })
    const scope = fc.record(
      { tenantId: tricky, userId: tricky, label: tricky },
      { requiredKeys: ['tenantId'] },
    )
    await fc.assert(
      fc.asyncProperty(scope, scope, async (one, other) => {
        const isSame =
          one.tenantId === other.tenantId && one.userId === other.userId && one.label === other.label
        const index = await indexOf(one)
        expect(index === (await indexOf(other))).toBe(isSame)
        expect(index).not.toBe(keys.dueOf(one.tenantId))
      }),
      { numRuns: 2000 },
    )
  })
})
