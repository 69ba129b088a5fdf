const length = 170_000

function words(count: number): string {
  return Array.from({ length: count }, (_, index) => `w${(index * 7919).toString(36)}`).join(' ')
}

/** Long texts that are dear to something: to count, to index, to search, to quote. Each fits in a message. */
export const texts: Readonly<Record<string, string>> = {
  'distinct words': words(60_000),
  'one word': 'a'.repeat(length * 3),
  'no spaces': '語彙文字列'.repeat(length / 5),
  Thai: 'ภาษาไทยไม่เว้นวรรค'.repeat(length / 18),
  emoji: '👩‍👩‍👧‍👦😀'.repeat(length / 20),
  spaces: ' '.repeat(length * 2) + 'x',
  digits: '0123456789'.repeat(length / 4),
  punctuation: `.,;:!?'"-`.repeat(length / 4),
  JSON: JSON.stringify(Array.from({ length: 20_000 }, (_, index) => ({ i: index, s: 'x' }))),
  lines: 'what I said first\n'.repeat(length / 10),
  Hangul: '안녕하세요'.repeat(length / 5),
}
