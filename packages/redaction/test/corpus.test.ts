import { describe, expect, it } from 'vitest'
import { createRedactor, type RedactorOptions } from '../src/index.js'

/** Texts with what is to be found between `⟦kind:` and `⟧`. */
const anywhere = [
  'Write to ⟦email:ann.lee+shop@mail.example.co.uk⟧, please.',
  '<a href="mailto:⟦email:ann@example.com⟧">mail</a>',
  '"⟦email:o\'neil@example.ie⟧" and (⟦email:x_y@sub.example.museum⟧)',
  'Схема: ⟦email:почта@пример.рф⟧ или ⟦email:ivan@example.ru⟧',
  '请联系⟦email:li@example.cn⟧谢谢',
  '⟦email:用户@例子.广告⟧',
  '⟦email:ünal@exämple.de⟧',
  'https://⟦email:me@example.com⟧/path',
  'Call ⟦phone:+49 30 123456⟧ or ⟦phone:+1 (212) 555-0123⟧.',
  'tel:⟦phone:+442079460958⟧;ext=3',
  '電話⟦phone:+81 3-1234-5678⟧まで',
  'फोन ⟦phone:+९१ ९८७६५ ४३२१०⟧',
  'اتصل ⟦phone:+٩٧١ ٥٠ ١٢٣ ٤٥٦٧⟧',
  '⟦phone:＋８６　１３８－００１３－８０００⟧',
  'Rua: ⟦phone:+55 11 91234-5678⟧, ⟦phone:+33 6 12 34 56 78⟧',
  'Karte ⟦card:4111 1111 1111 1111⟧ bis 12/27',
  'amex ⟦card:3782-822463-10005⟧, mc ⟦card:5555555555554444⟧, mir ⟦card:2200 0000 0000 0004⟧',
  'jcb ⟦card:3530111333300000⟧ CVC 123',
  '⟦card:４１１１ １１１１ １１１１ １１１１⟧',
  '⟦card:4111\u200b1111\u200b1111\u200b1111⟧',
  'IBAN ⟦iban:DE89 3704 0044 0532 0130 00⟧, BIC COBADEFF',
  '⟦iban:GB29NWBK60161331926819⟧ ⟦iban:fr14 2004 1010 0505 0001 3m02 606⟧ ⟦iban:NO93 8601 1117 947⟧',
  'from ⟦ip:192.168.178.1⟧:8080 and ⟦ip:10.0.0.1⟧/8.',
  'host ⟦ip:2001:db8::8a2e:370:7334⟧, [⟦ip:::1⟧]:80, ⟦ip:::ffff:10.0.0.1⟧',
  'ip:⟦ip:8.8.8.8⟧ ⟦ip:fe80::1⟧%eth0',
  '{"mail":"⟦email:a@example.org⟧","phone":"⟦phone:+436601234567⟧"}',
  'https://example.com/reset?mail=⟦email:ann%40example.com⟧&from=⟦email:ann%2Bshop%40example.org⟧',
  'From=⟦phone:%2B14155552671⟧&To=x',
  'Ring ⟦phone:+1-415-555-2671⟧x99, ⟦phone:+14155552671⟧ext.5, ⟦phone:+49 30 - 123456⟧',
  '⟦phone:+49 (0) 171 / 1234567⟧ oder ⟦phone:+49 (30) – 123 45 67⟧',
  '⟦card:4111 - 1111 - 1111 - 1111⟧ ⟦card:4111.1111.1111.1111⟧, ⟦card:4111  1111  1111  1111⟧.',
  '⟦iban:DE 89 3704 0044 0532 0130 00⟧, ⟦iban:DE89  3704  0044  0532  0130  00⟧, ⟦iban:DE89.3704.0044.0532.0130.00⟧',
  // What stays.
  '4111111111111111.500, 50%2B1234567, 100%40 of it, in 89 3704 0044 0532 0130 01',
  'Order 490123456789 of 2024-05-05, ticket 555-0123-4567, ref INC-20240505-000123.',
  'Invoice 4111111111111112, tracking 1Z999AA10123456784, ISBN 978-3-16-148410-0',
  'Call me at 030 123456: no country is known.',
  'At 12:30:45 on 05.05.2024 from 09:00-17:00, 3.4111111111111111 and 4111111111111111.5',
  'std::string, Bad::Cafe, a::b, 00:1A:2B:3C:4D:5E, v1.2.3, 1.2.3.4.5, 256.1.1.1',
  '@user, user@host, a@b, npm i @scope/pkg@1.2.3, x @ y.com',
  'DE89370400440532013001 is no account, GB29 is a beginning',
  'uuid 550e8400-e29b-41d4-a716-446655440000, sha 4f0e1c2b3a495867',
  '+1 +1 = 2, 5+4915112345678 is a sum, C++11 and +100 points',
  'Price: 1,299.00 EUR, 12.345.678 views, 1 000 000 000 people',
]

const national: readonly [string, RedactorOptions['countries'], string][] = [
  ['Germany', ['DE'], 'Ruf ⟦phone:030 123456⟧ oder ⟦phone:0151/23456789⟧ oder ⟦phone:015123456789⟧ an'],
  ['Germany', ['DE'], 'Ticket 555-0123-4567 vom 2024-05-05, Bestellung 490123456789, 05.05.2024'],
  ['United States', ['US'], 'Call ⟦phone:(212) 555-0123⟧ or ⟦phone:212-555-0123⟧, order 2125550123'],
  ['France', ['FR'], 'Appelez le ⟦phone:06 12 34 56 78⟧ ou le ⟦phone:0612345678⟧'],
  ['United Kingdom', ['GB'], 'Ring ⟦phone:020 7946 0958⟧ or ⟦phone:07911 123456⟧'],
  ['Brazil', ['BR'], 'Ligue ⟦phone:(11) 91234-5678⟧'],
  ['Japan', ['JP'], '⟦phone:03-1234-5678⟧へ'],
  ['India', ['IN'], 'फोन ⟦phone:०98765 43210⟧'],
  ['Germany', ['DE'], '⟦phone:030 - 123456⟧, ⟦phone:0151 / 123 456 78⟧, ⟦phone:0151 – 12345678⟧'],
  [
    'Germany',
    ['DE'],
    'Am 01.02.2024 12:30 (05.05.2024), 12.05.2024-13.05.2024, 01/02/2024-03/02/2024, [2024-01-05 08.30.00], 09.30 - 10.30, 08.30-09.30, 05.06.07.08',
  ],
  ['Germany', ['DE'], 'Chrome/120.0.6099.109, 192.168.001.001, loss 0.0212 0.0311 0.0412'],
  ['Italy', ['IT'], 'dal 01.02.2024 12:30, orario 0900 - 1830, 10.0.19045.3693, 1.2.840.113549'],
  ['France', ['FR'], '0.123456789 et 0,0612345678 le 01/01/2024-31/12/2024'],
  [
    'France',
    ['FR'],
    'Tél. ⟦phone:01.42.68.53.00⟧, ⟦phone:06.12.34.56.78⟧, ⟦phone:01-02-03-04-05⟧; le 01.02.03',
  ],
  [
    'United States',
    ['US'],
    '⟦phone:415-555-2671⟧x99, ⟦phone:(415) 555 - 2671⟧, ⟦phone:415 - 555 - 2671⟧, 2020 - 2024',
  ],
  ['Turkey', ['TR'], '⟦phone:0.532.123.45.67⟧, ⟦phone:0 532 123 45 67⟧'],
  ['two countries', ['AT', 'CH'], '⟦phone:0660 1234567⟧, ⟦phone:044 668 18 00⟧'],
]

const marks = /⟦([a-z]+):((?:(?!⟧).)*)⟧/g
const plain = (marked: string) => marked.replaceAll(marks, '$2')
const expected = (marked: string) => marked.replaceAll(marks, '⟦$1:$2⟧')
describe('what is found', () => {
  // Marked once: a second look would find what the marks hold.
  const once = (text: string, options: RedactorOptions = {}): string => {
    const found: string[] = []
    const redacted = createRedactor({
      ...options,
      replace: ({ kind, text: what }) => `⟦${found.push(`⟦${kind}:${what}⟧`) - 1}⟧`,
    })(text)
    return redacted.replaceAll(/⟦(\d+)⟧/g, (_, index: string) => found[Number(index)]!)
  }

  it.each(anywhere)('%s', (marked) => {
    expect(once(plain(marked))).toBe(expected(marked))
  })

  it.each(national)('in %s: %s', (_, countries, marked) => {
    expect(once(plain(marked), countries === undefined ? {} : { countries })).toBe(expected(marked))
  })

  it('is of the kinds that are asked for', () => {
    const text = 'a@example.com, +49 30 123456, 10.0.0.1'
    expect(createRedactor({ kinds: ['ip', 'email'] })(text)).toBe('[email], +49 30 123456, [ip]')
    expect(createRedactor({ kinds: [] })(text)).toBe(text)
  })
})
