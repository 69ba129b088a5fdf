const repeated = [
  '::1 ',
  '1.2.3.4 ',
  'a@a.aa ',
  'é@é.éé ',
  'a@a.',
  '0 0',
  '1 ',
  '1.',
  '(0 ',
  '12/3 ',
  '4111 ',
  '4111 1111 1111 1111 ',
  'DE89 ',
  'DE89 3704 0044 0532 0130 00 ',
  '+1 2345678 ',
  '+49 30 123456 ',
  '030 123 ',
  '٤',
  'plain words without numbers ',
  // Signs of all kinds between the digits, so that each group may begin a number, or end one.
  '+1(2)3-45/6.7 ',
  '(030) 123-4567 ',
  '00 49 30/1',
  '2024-05-05 12:30:45.678 ',
  '6011 0009 9013 9424-',
  '4000 00',
  'gb82-west-1234-5698-7654-32 ',
  'nl91 abna',
  '1:2:3:4:5:6:7:8:9:',
  'fe80::1%a.',
  '1.2.3.4:5::6 ',
  '@',
  'a-b.c_d+',
  'a@b.cd@e.fg@',
  '联@例子.广告 ',
  '１２３ ',
  '\u200b1\u00a02',
  '[phone]1',
]
const likely = [
  '+',
  '49 ',
  '0',
  '1',
  '(',
  ')',
  ' ',
  '-',
  '/',
  '.',
  ':',
  '@',
  'DE',
  'a',
  'é',
  '4111',
  '٤',
  '_',
]
// Nothing that was asked once is asked again.
const distinct: Readonly<Record<string, (index: number) => string>> = {
  'numbers with +': (index) => `+49 ${1_000_000 + index * 7} `,
  'numbers without +': (index) => `0${1000 + index}/1234567 `,
  cards: (index) => `4${String(index).padStart(15, '0')} `,
  'addresses of version 4': (index) => `${index & 255}.${(index >> 8) & 255}.${index >> 16}.1 `,
  'addresses of version 6': (index) => `::${index.toString(16)}:1 `,
  'e-mail addresses': (index) => `a${index}@b.cd,`,
  'groups of digits': (index) => `${(index * 7919) % 1000}${' -/.('[index % 5]}`,
  'beginnings of cards': (index) => `4${(index * 7919) % 1000} `,
  'digits at random': (index) => '0123456789 -/.(:+'[randomOf(index) % 17]!,
  anything: (index) => likely[(((index * 7919) ^ (index >> 3)) >>> 0) % likely.length]!,
  ibans: (index) => `DE${String(10 + (index % 89))}${String(index).padStart(18, '0')} `,
}

/** A number that follows from another, and looks like chance: the finalizer of MurmurHash3. */
function randomOf(index: number): number {
  let mixed = Math.imul(index ^ (index >>> 16), 0x85eb_ca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/** Texts of this length that take a redactor long: full of what it looks for, or of what looks so. */
export function* dearTexts(length: number): Generator<{ readonly name: string; readonly text: string }> {
  for (const piece of repeated) {
    yield {
      name: JSON.stringify(piece),
      text: piece.repeat(Math.ceil(length / piece.length)).slice(0, length),
    }
  }
  for (const [name, make] of Object.entries(distinct)) {
    let text = ''
    for (let index = 0; text.length < length; index++) text += make(index)
    yield { name, text: text.slice(0, length) }
  }
}
