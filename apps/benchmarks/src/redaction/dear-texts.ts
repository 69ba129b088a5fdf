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
]
// Nothing that was asked once is asked again.
const distinct: Readonly<Record<string, (index: number) => string>> = {
  'numbers with +': (index) => `+49 ${1_000_000 + index * 7} `,
  'numbers without +': (index) => `0${1000 + index}/1234567 `,
  cards: (index) => `4${String(index).padStart(15, '0')} `,
  ibans: (index) => `DE${String(10 + (index % 89))}${String(index).padStart(18, '0')} `,
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
