import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSessions } from '@sessions/core'
import examples from 'libphonenumber-js/examples.mobile.json'
import { getCountries, getExampleNumber } from 'libphonenumber-js/max'
import { createRedactor } from '../src/index.js'

const pieces = [
  'a@example.com',
  '@',
  'a',
  'é',
  '联',
  '.',
  '+49 30 123456',
  '+1',
  '+',
  '030 123456',
  '(212) 555-0123',
  '4111',
  ' ',
  '-',
  '1',
  '4111 1111 1111 1111',
  '378282246310005',
  'DE89 3704 0044 0532 0130 00',
  'DE89',
  'GB29NWBK60161331926819',
  '10.0.0.1',
  '2001:db8::1',
  '::',
  ':',
  'fe80',
  '1.2.3.4.',
  '490123456789',
  '2024-05-05',
  '\n',
  '[',
  ']',
  '[email]',
  '0',
  '٤',
  '\u00a0',
  '\u200b',
  '😀',
  '\ud800',
  'x_',
  '/',
  '00',
  '\u3002',
]
const texts = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 200 }),
)

describe('a redacted text', () => {
  it.each([
    ['without countries', createRedactor()],
    ['with countries', createRedactor({ countries: ['DE', 'US', 'FR', 'IN', 'ES'] })],
    ['with a pattern', createRedactor({ custom: [{ kind: 'ref', pattern: /\bREF-\d+\b|1\.2/ }] })],
  ])('stays as it is, %s', (_, redact) => {
    fc.assert(
      fc.property(texts, (text) => {
        const once = redact(text)
        expect(redact(once)).toBe(once)
      }),
      { numRuns: 1500 },
    )
  })

  it('stays as it is after many false numbers', () => {
    const redact = createRedactor({ countries: ['DE'] })
    const text = Array.from(
      { length: 2000 },
      (_, index) => `+49 ${1_000_000 + index * 7} 0${1000 + index}/1234567`,
    ).join(' ')
    const once = redact(text)
    expect(redact(once)).toBe(once)
    expect(once).not.toContain('1013993')
  })
})

describe('what stands beside another', () => {
  const redact = createRedactor()

  it.each([
    ['joe@mail.com.203.0.113.9', '[email].[ip]'],
    ['an joé@mäil.com.203.0.113.9, heute', 'an [email].[ip], heute'],
    // Groups of three to five digits, of which each begins a number, or none.
    ['37828 22463 10005', '[card]'],
    ['41111 11111 111111', '[card]'],
    ['378 282 246 310 005', '[card]'],
    ['4111 4111 1111 1111 1111', '4111 [card]'],
    ['400 0123 4567 8901 7', '400 0123 4567 8901 7'],
    ['5105 1051 0510 5100 5105 1051 0510 5100 5105', '[card] [card] 5105'],
    ['4111 1111 1111 1112 4111 1111 1111 1111', '4111 1111 1111 1112 [card]'],
  ])('is found in %j', (text, redacted) => {
    expect(redact(text)).toBe(redacted)
    // The beginnings of others stand before it.
    expect(redact(`${'4000 '.repeat(9)}; ${text}`)).toBe(`${'4000 '.repeat(9)}; ${redacted}`)
  })
})

describe('phone numbers without +', () => {
  const redact = createRedactor({ countries: ['DE', 'US', 'GB'] })
  const many = (line: (index: number) => string) =>
    Array.from({ length: 2000 }, (_, index) => line(index)).join('\n')

  it.each([
    ['orders', (index: number) => `Order ${100_000_000_000 + index * 7919} has been sent.`],
    [
      'orders filled up with zeros',
      (index: number) => `Order ${String(4711 + index * 79).padStart(12, '0')} has been sent.`,
    ],
    ['tickets', (index: number) => `Ticket 2024-${100_000 + index * 79}`],
    [
      'a log',
      (index: number) =>
        `${1_700_000_000 + index * 79} 12:00:0${index % 10} GET /${index} 200 ${index * 331}`,
    ],
    [
      'a table',
      (index: number) =>
        `${index + 1} | ${12_345 + index}.${10 + (index % 90)} EUR | ${index * 7919} items | 19.00 %`,
    ],
  ])('are not seen in %s, however many there are, nor is the one behind them missed', (_, line) => {
    const text = many(line)
    expect(redact(`${text}\nCall 030 123456 or (212) 555-0123.`)).toBe(`${text}\nCall [phone] or [phone].`)
  })

  it.each(getCountries())('are found as people in %s write them', (country) => {
    const number = getExampleNumber(country, examples)!.formatNational()
    // Fewer digits are no number that could be told from others, and so are those of one group but of a mobile phone.
    const isTold = number.replaceAll(/\D/g, '').length >= 7 && (/\D/.test(number) || number.startsWith('0'))
    const said = `Call ${number} now.`
    expect(createRedactor({ countries: [country] })(said)).toBe(isTold ? 'Call [phone] now.' : said)
  })

  it.each([
    ['212 555 0123', '[phone]'],
    ['212555 0123', '[phone]'],
    ['1212 555-0123', '[phone]'],
    ['1 (212) 555 0123', '[phone]'],
    ['011 49 30 123456', '[phone]'],
    ['0 212 555 0123', '0 [phone]'],
    ['12125550123', '12125550123'],
    ['21 2555 0123', '21 2555 0123'],
  ])('are found in North America by their groups: %s', (said, redacted) => {
    expect(createRedactor({ countries: ['US'] })(`Call ${said} now`)).toBe(`Call ${redacted} now`)
  })

  it.each([
    ['+49 30 123456 01.02.2024', '[phone] 01.02.2024'],
    ['+49 30 123456 2024-02-01', '[phone] 2024-02-01'],
    ['030 123456 01.02.2024 12:30', '[phone] 01.02.2024 12:30'],
    ['030 123456 12/31/2024', '[phone] 12/31/2024'],
    ['0345 28.11.2024 12:30', '0345 28.11.2024 12:30'],
    ['0345 2024-11-28', '0345 2024-11-28'],
    ['01.-03.04.2024', '01.-03.04.2024'],
    ['01.02.-03.04.2024', '01.02.-03.04.2024'],
    // Not the day of a year.
    ['0345 28.13.2024', '[phone]'],
    ['0345 32.11.2024', '[phone]'],
    ['0345 28.11.2124', '[phone]'],
    ['030.12.04.2024', '[phone]'],
  ])('leave a date alone: %s', (said, redacted) => {
    expect(createRedactor({ countries: ['DE', 'IT'] })(`At ${said}, it`)).toBe(`At ${redacted}, it`)
  })

  it('are looked for in countries that there are, by an option that there is', () => {
    expect(() => createRedactor({ contries: ['DE'] } as never)).toThrow('There is no option contries')
    expect(() => createRedactor({ countries: ['DE', 'XX' as never] })).toThrow('countries: there is no XX')
  })
})

describe('the time for a text', () => {
  const repeated = [
    '+1 ',
    'a@',
    'a@a.',
    '1',
    '1 ',
    '{',
    ' ',
    '4111 ',
    '+1 2345678 ',
    'DE89 ',
    '1.',
    'a:',
    '(0 ',
    '030 123 ',
    '٤',
    '-',
    'a.',
    '@',
  ]
  const redact = createRedactor({ countries: ['DE', 'US'] })
  const cpuOf = (text: string): number => {
    let least = Number.POSITIVE_INFINITY
    for (let tries = 0; tries < 3; tries++) {
      const before = process.cpuUsage()
      redact(text)
      const { user, system } = process.cpuUsage(before)
      least = Math.min(least, user + system)
    }
    return least
  }

  it.each(repeated)('grows as the text does: %j', (piece) => {
    const text = piece.repeat(16_384 / piece.length)
    redact(text)
    // Eight times the text takes eight times as long; what grows with the square takes sixty-four times as long.
    expect(cpuOf(text.repeat(8))).toBeLessThan(24 * Math.max(cpuOf(text), 1000))
  })
})

describe('a long text', () => {
  const text = '::1 a@a.aa 4111 1111 1111 1111 0 0 DE89 1.2.3.4 '.repeat(10_000)

  it('lets other work go on when the service redacts it, and comes out the same', async () => {
    const redact = createRedactor({
      countries: ['DE'],
      custom: [{ kind: 'ref', pattern: /\b4111\b/ }],
    })
    let turns = 0
    let isOver = false
    const beat = (): void => {
      turns++
      if (!isOver) setImmediate(beat)
    }
    setImmediate(beat)
    const redacted = await redact(text, { path: 'text' })
    isOver = true
    expect(turns).toBeGreaterThan(1)
    expect(redacted === redact(text)).toBe(true)
  })

  it('takes no number for another one of the same hash', () => {
    // `51` and `4P` count alike: a step of one in front weighs 31.
    const [number, other] = ['+49 30 123451 ', '+49 30 12344P ']
    const text = 'so it is. '.repeat(500)
    const redacted = `[phone] ${text}${other}${text}[phone] `
    expect(createRedactor()(number + text + other + text + number)).toBe(redacted)
  })

  it('is redacted at once by itself, and a short one always', () => {
    const redact = createRedactor()
    expect(redact('I am a@a.aa', { path: 'text' })).toBe('I am [email]')
    expect(redact(text).startsWith('[ip] [email] [card] 0 0')).toBe(true)
  })

  it('rejects with what a pattern of the host throws', async () => {
    const find = (): never => {
      throw new Error('out of words')
    }
    const redact = createRedactor({ custom: [{ kind: 'own', find }] })
    await expect(redact(text, { path: 'text' })).rejects.toThrow('out of words')
  })
})

describe('a pattern of your own', () => {
  it('is found wherever it stands in a long text, and once', () => {
    const redact = createRedactor({ custom: [{ kind: 'ref', pattern: /\bREF-[0-9]{6}\b/i }] })
    for (const before of [0, 1, 500, 899, 900, 901, 995, 1000, 1795, 1800, 5555]) {
      const text = `${'x '.repeat(before)}ref-123456 and xREF-123456`
      expect(redact(text)).toBe(`${'x '.repeat(before)}[ref] and xREF-123456`)
    }
  })

  it('takes no long time for a long text, even one that takes the square of it', () => {
    const redact = createRedactor({ kinds: [], custom: [{ kind: 'tail', pattern: /\s+x/ }] })
    const text = ' '.repeat(100_000)
    expect(redact(text)).toBe(text)
  })

  it('may be a function, and goes before all others', () => {
    const redact = createRedactor({
      custom: [
        {
          kind: 'name',
          *find(text) {
            for (const name of ['Ann Lee', 'Ann']) {
              for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
                yield { start: at, end: at + name.length }
              }
            }
          },
        },
        { kind: 'staff', pattern: /[a-z]+@shop\.example/ },
      ],
      replace: ({ kind, text }) => (kind === 'name' ? 'N.' : `<${kind} ${text.length}>`),
    })
    expect(redact('Ann Lee and Ann: help@shop.example, ann@example.com')).toBe(
      'N. and N.: <staff 17>, <email 15>',
    )
  })

  it.each([
    { kind: '', pattern: /a/ },
    { kind: 'a', pattern: 'a' },
    { kind: 'a', pattern: /a/, maxLength: 401 },
    { kind: 'a', find: 1 },
  ])('is refused where it cannot be used: %o', (own) => {
    expect(() => createRedactor({ custom: [own as never] })).toThrow(TypeError)
  })

  it.each([[{ start: -1, end: 2 }], [{ start: 2, end: 2 }], [{ start: 0, end: 9 }]])(
    'is refused where it names a place that is not in the text: %o',
    (place) => {
      expect(() => createRedactor({ custom: [{ kind: 'a', find: () => [place] }] })('abcd')).toThrow(
        TypeError,
      )
    },
  )
})

it.each([
  [null, 'The options must be an object'],
  ['DE', 'The options must be an object'],
  [{ countries: 'DE' }, 'countries must be a list'],
  [{ countries: null }, 'countries must be a list'],
  [{ kinds: 'email' }, 'kinds must be a list'],
  [{ custom: null }, 'custom must be a list'],
  [{ custom: [null] }, 'custom: a pattern must be an object'],
  [{ country: ['DE'] }, 'There is no option country: there are kinds, countries, replace and custom'],
  [{ kinds: ['emails'] }, 'kinds: there is no emails: there are email, iban, ip, card, phone'],
])('options of another kind are refused, by name: %j', (options, problem) => {
  expect(() => createRedactor(options as never)).toThrow(new TypeError(problem))
})

it.each([
  ['1.2.3.4:5.6.7.8', '[ip]:[ip]'],
  ['4111 1111 1111 1111,030 123456', '[card],[phone]'],
  ['+49 30 123456::1', '[phone][ip]'],
])('finds in %s what another find hid', (text, redacted) => {
  const redact = createRedactor({ countries: ['DE'] })
  expect(redact(text)).toBe(redacted)
  // In a long text, only what is near a find is looked at again.
  const around = ' so it is '.repeat(50)
  expect(redact(around + text + around)).toBe(around + redacted + around)
})

it.each(['*', 'é', '\u65e5\u672c', '\u{1f512}'])('puts %s in the place of what it finds', (instead) => {
  const redact = createRedactor({ replace: ({ kind }) => (kind === 'email' ? instead : '-') })
  expect(redact('Write to a@b.example or c@d.example, not 10.0.0.1.')).toBe(
    `Write to ${instead} or ${instead}, not -.`,
  )
  expect(redact('\u4e2d 10.0.0.1, a@b.example')).toBe(`\u4e2d -, ${instead}`)
})

it('refuses kinds that it does not know', () => {
  expect(() => createRedactor({ kinds: ['names' as never] })).toThrow('kinds: there is no names')
})

it('is what a session asks', async () => {
  const sessions = createSessions({ redact: createRedactor() })
  const session = await sessions.for({ tenantId: 'acme', userId: 'alice' }).create()
  const answer = async function* () {
    yield 'I will write to a@exam'
    yield 'ple.com'
  }
  const { message, text } = await session.turn('Card 4111 1111 1111 1111', answer).result
  expect([message.content, text]).toEqual(['Card [card]', 'I will write to [email]'])
})
