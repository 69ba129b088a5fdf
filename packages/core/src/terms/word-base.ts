// Marks above and below letters of Latin, Greek and Cyrillic, the vowel points of Hebrew and Arabic, and the hamza that
// many do not type. In other scripts marks are vowels that matter.
const points = /[\u0300-\u036f\u0591-\u05c7\u064b-\u0655\u0640]/g
const letters: Readonly<Record<string, string>> = {
  ß: 'ss',
  ł: 'l',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
  æ: 'ae',
  œ: 'oe',
  ς: 'σ',
  ى: 'ي',
  ة: 'ه',
  // What a Persian keyboard types.
  ی: 'ي',
  ک: 'ك',
}
const special = new RegExp(`[${Object.keys(letters).join('')}]`, 'g')

// Particles after a noun of Korean, longest first.
const particles =
  '에서부터 으로부터 에게서 한테서 이라고 으로 에서 에게 한테 부터 까지 처럼 보다 마다 조차 이나 이랑 라고 은 는 이 가 을 를 에 의 로 와 과 도 만 랑 나'.split(
    ' ',
  )

/**
 * A word without the marks that its script adds: accents and points, the particles of Korean, the articles and
 * prepositions that Arabic and Hebrew write together with a noun.
 */
export function baseOf(word: string): string {
  const bare = word
    .normalize('NFKD')
    .replaceAll(points, '')
    .normalize('NFC')
    .replaceAll(special, (letter) => letters[letter]!)
  const code = bare.codePointAt(0) ?? 0
  if (code >= 0xac00 && code <= 0xd7a3) return withoutParticle(bare)
  if (code >= 0x0590 && code <= 0x05ff) return withoutPrefix(bare, hebrewPrefix)
  if (code >= 0x0600 && code <= 0x06ff) return withoutPrefix(bare, arabicPrefix)
  return bare
}

function withoutParticle(word: string): string {
  const particle = particles.find((end) => word.length > end.length && word.endsWith(end))
  return particle === undefined ? word : word.slice(0, -particle.length)
}

const hebrewPrefix = /^[ושהבכלמ]/
const arabicPrefix = /^(?:ال|[وفبكلس])/

/** Three letters must stay, which is the length of a root. */
function withoutPrefix(word: string, prefix: RegExp): string {
  let rest = word
  for (;;) {
    const length = prefix.exec(rest)?.[0].length ?? 0
    if (length === 0 || rest.length - length < 3) return rest
    rest = rest.slice(length)
  }
}
