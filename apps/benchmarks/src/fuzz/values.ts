import fc from 'fast-check'

/** Texts that stand for what only the run knows, such as the id of its session; `Scene.filled` puts it in their place. */
export const placeholders = [
  '«session»',
  '«guest»',
  '«other»',
  '«item»',
  '«branch»',
  '«turn»',
  '«message»',
  '«transfer»',
  '«secret»',
  '«shortCode»',
  '«credential»',
  '«cursor»',
  '«fact»',
] as const
export type Placeholder = (typeof placeholders)[number]

const oddTexts = [
  '',
  ' ',
  '\u200b',
  '\ufeff',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'a\udc00b',
  '\ude00\ud83d',
  '\u202e',
  '\u2028',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'null',
  'undefined',
  'true',
  'NaN',
  '-1',
  '0',
  '1',
  '1.5',
  '1e309',
  '9007199254740993',
  '0x10',
  '007',
  '١',
  'current',
  'null,null',
  '*',
  '"',
  "';--",
  '../..',
  '%00',
  '%2e%2e',
  'a/b',
  '//evil.example',
  'javascript:alert(1)',
  'https://evil.example/',
  '😀',
  '12',
  '2026-01-01T00:00:00Z',
  'active',
  'all',
  'messages',
  'state',
  'text',
  'user',
  'tool',
  'EUR',
  '~2',
  'a~2',
]

const hugeText = fc
  .tuple(
    fc.constantFrom('x', 'é', '\ud800', '\u0000', 'word ', '語', '"', '\\', '[', '{"a":'),
    fc.nat({ max: 70_000 }),
  )
  .map(([unit, times]) => unit.repeat(times))

/** Any UTF-16 units, halves of characters among them. */
const units = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 })
  .map((codes) => String.fromCharCode(...codes))

export const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 6, arbitrary: fc.constantFrom(...oddTexts) },
  { weight: 4, arbitrary: fc.constantFrom<string>(...placeholders) },
  { weight: 4, arbitrary: units },
  {
    weight: 2,
    arbitrary: fc.constantFrom(199, 200, 201, 255, 256, 1000, 1001).map((times) => 'x'.repeat(times)),
  },
  { weight: 1, arbitrary: hugeText },
)

export const finite: fc.Arbitrary<number> = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -2, max: 12 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      -0,
      0.5,
      -1,
      999,
      1000,
      1001,
      10_000,
      10_001,
      2 ** 31,
      2 ** 32,
      2 ** 53 - 1,
      2 ** 53,
      2 ** 53 + 2,
      1e21,
      1e308,
      5e-324,
      -1e308,
    ),
  },
  { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
)

const number = fc.oneof(
  { weight: 4, arbitrary: finite },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity) },
)

const key = fc.oneof(
  { weight: 3, arbitrary: fc.string({ maxLength: 8 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('__proto__', 'constructor', 'prototype', 'toJSON', 'then', '', '0', 'type'),
  },
)

function nested(depth: number, inList: boolean): unknown {
  let value: unknown = 'deep'
  for (let level = 0; level < depth; level++) value = inList ? [value] : { a: value }
  return value
}

const deep = fc
  .tuple(fc.oneof(fc.integer({ min: 25, max: 40 }), fc.constantFrom(1000, 3000)), fc.boolean())
  .map(([depth, inList]) => nested(depth, inList))
const wide = fc
  .tuple(fc.constantFrom(501, 1001, 9999, 10_001, 20_000), fc.constantFrom<unknown>(0, '', null))
  .map(([length, value]) => Array.from({ length }, () => value))

/** Any JSON, most of it small. */
export const json: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown; object: object }>((tie) => ({
  object: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 3, arbitrary: fc.oneof(fc.constant(null), fc.boolean(), finite) },
    { weight: 3, arbitrary: text },
    { weight: 2, arbitrary: fc.array(tie('value'), { maxLength: 4 }) },
    { weight: 2, arbitrary: tie('object') },
    {
      weight: 1,
      arbitrary: fc.oneof(
        { weight: 8, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.oneof(deep, wide) },
      ),
    },
  ),
})).value

export const jsonObject: fc.Arbitrary<object> = fc.dictionary(key, json, { maxKeys: 4 })

class Instance {
  readonly field = 1
}

function cyclic(): object {
  const value: Record<string, unknown> = { a: 1 }
  value['self'] = value
  return value
}

/** What only JavaScript has. */
const unjson: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(undefined, NaN, Infinity, 1n, Symbol('symbol')),
  fc
    .constantFrom(
      () => new Date(0),
      () => new Date(NaN),
      () => new Map([['a', 1]]),
      () => new Instance(),
      () => cyclic(),
      () => new Uint8Array([1, 2]),
      () => new URL('https://a.example/'),
      () => Promise.resolve(1),
      () => Object.create(null) as object,
      () => [undefined, 1],
      () => Array.from({ length: 5 }),
      () => () => 'function',
      () => new Error('value'),
      () => /regexp/,
      () => new Proxy({ type: 'text', text: 'of a proxy' }, {}),
      // oxlint-disable-next-line unicorn/no-thenable
      () => ({ then: 1 }),
    )
    .map((make) => make() as unknown),
)

/** Anything at all. */
export const anything: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: json },
  { weight: 3, arbitrary: unjson },
  { weight: 1, arbitrary: number },
  { weight: 1, arbitrary: fc.dictionary(key, unjson, { maxKeys: 3 }) },
  { weight: 1, arbitrary: fc.array(unjson, { maxLength: 3 }) },
)

/** What is meant, and now and then anything else. */
export function mostly<T>(
  meant: fc.Arbitrary<T>,
  other: fc.Arbitrary<unknown> = anything,
  weight = 8,
): fc.Arbitrary<unknown> {
  return fc.oneof({ weight, arbitrary: meant }, { weight: 1, arbitrary: other })
}

/** An object with some of these fields, each of them mostly what is meant, and now and then a field that nobody knows. */
export function object(
  fields: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  needed: readonly string[] = [],
): fc.Arbitrary<object> {
  const record = fc.record(
    Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, mostly(field, anything, 10)])),
    { requiredKeys: [...needed] },
  )
  return fc.oneof(
    { weight: 10, arbitrary: record },
    { weight: 1, arbitrary: fc.tuple(record, jsonObject).map(([known, more]) => ({ ...known, ...more })) },
  )
}

/** A text as a part of an address: half a character has no escape. */
export function escapedText(each: string): string {
  return encodeURIComponent(each.replaceAll(/\p{Surrogate}/gu, '\ufffd'))
}
