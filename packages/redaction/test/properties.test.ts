import { isIPv4, isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedactor } from '../src/index.js'

const pieces = [
  'a@b.example',
  '030 123456',
  '(212) 555-0123',
  '212 555 ',
  '+49 30 123456',
  '4111 1111 1111 1111',
  '6011 0009',
  'DE89 3704 0044 0532 0130 00',
  'DE89',
  '10.0.0.1',
  '2001:db8::1',
  '2024-05-05',
  ...'014/.-: (+x',
]
const part = fc
  .array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 12 })
  .map((some) => some.join(''))
// No kind goes on across it.
const between = ' ; '

describe('a redactor', () => {
  it('finds in a long text what it finds in each of its parts', () => {
    const redact = createRedactor({ countries: ['DE', 'US'] })
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(7), { minLength: 300, maxLength: 600 }),
        (parts, order) => {
          const said = order.map((index) => parts[index % parts.length]!)
          const known = new Map(parts.map((one) => [one, redact(one)]))
          expect(redact(said.join(between))).toBe(said.map((one) => known.get(one)).join(between))
        },
      ),
      { numRuns: 20 },
    )
  })

  // A long text is looked through in pieces of 8,192 units.
  it.each([8190, 8191, 8192, 8193])('finds what stands at its unit %i', (place) => {
    const redact = createRedactor({ countries: ['DE'] })
    for (const [said, found] of [
      ['DE89 3704 0044 0532 0130 00', '[iban]'],
      ['4111 1111 1111 1111', '[card]'],
      ['+49 30 123456', '[phone]'],
      ['(030) 123456', '[phone]'],
      ['2001:db8::1', '[ip]'],
      ['a@b.example', '[email]'],
    ] as const) {
      for (let before = 0; before < said.length; before++) {
        const text = `${' '.repeat(place - before)}${said} ;${' '.repeat(5000)}`
        expect(redact(text).trim(), `${said} at ${place - before}`).toBe(`${found} ;`)
      }
    }
  })

  it('tells numbers apart whose hashes are the same', () => {
    const redact = createRedactor({ countries: ['DE'] })
    const behind = ' is it, and nothing more than it is. '.repeat(100)
    // With what stands behind them, they have one hash of 32 bits.
    const [number, none] = ['0696/46378802', '0087/29346651']
    expect(redact(`${number}${behind}${none}${behind}`)).toBe(`[phone]${behind}${none}${behind}`)
  })

  it('finds what a number behind it hid', () => {
    const redact = createRedactor({ countries: ['DE'] })
    const text = 'so it is. '.repeat(500)
    const said = `${text}4111 1111 1111 1111,030 123456 ${text}`
    expect(redact(said)).toBe(`${text}[card],[phone] ${text}`)
  })

  it('takes for an IP address what Node takes for one, and nothing else', () => {
    const redact = createRedactor({ kinds: ['ip'] })
    const groups = fc.constantFrom(
      '0',
      '1',
      '00',
      '01',
      'f',
      '255',
      '256',
      'ffff',
      '10000',
      ':',
      '::',
      '.',
      '1.2.3.4',
    )
    const addresses = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.array(groups, { minLength: 1, maxLength: 17 }).map((some) => some.join('')),
      fc.array(groups, { minLength: 1, maxLength: 9 }).map((some) => some.join(':')),
    )
    let found = 0
    fc.assert(
      fc.property(addresses, (address) => {
        fc.pre(/\d/.test(address))
        const isAddress = isIPv4(address) || isIPv6(address)
        expect(redact(address) === '[ip]', address).toBe(isAddress)
        found += Number(isAddress)
      }),
      { numRuns: 3000 },
    )
    expect(found).toBeGreaterThan(100)
  })
})
