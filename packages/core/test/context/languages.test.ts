import { describe, expect, it } from 'vitest'
import { buildContext } from '../../src/context/build-context.js'
import { textOf } from '../../src/domain/message.js'
import { type Entry, log } from './histories.js'

interface Case {
  readonly language: string
  /** Said long ago: asked for in other forms of its words. */
  readonly said: string
  readonly asked: string
  readonly needle: string
  /** Of the same language, about other things. */
  readonly talk: readonly string[]
}

const cases: readonly Case[] = [
  {
    language: 'Korean',
    said: '내 사물함은 비밀번호가 4711이야.',
    asked: '사물함의 비밀번호를 알려 줘',
    needle: '4711',
    talk: ['오늘 날씨가 정말 좋네요.', '점심에 뭐 먹을까요?', '주말에 영화를 봤어요.', '기차가 또 늦었어요.'],
  },
  {
    language: 'Finnish',
    said: 'Koirani nukkuu parvekkeella punaisessa korissa 4711.',
    asked: 'Missä korissa koira nukkui parvekkeen luona?',
    needle: '4711',
    talk: [
      'Tänään on kaunis ilma.',
      'Mitä söisimme lounaaksi?',
      'Juna oli taas myöhässä.',
      'Katsoin eilen elokuvan.',
    ],
  },
  {
    language: 'Turkish',
    said: 'Dolabımın şifresi 4711, mutfakta duruyor.',
    asked: 'Mutfaktaki dolabın şifresini söyler misin?',
    needle: '4711',
    talk: [
      'Bugün hava çok güzel.',
      'Öğle yemeğinde ne yiyelim?',
      'Tren yine gecikti.',
      'Dün akşam film izledim.',
    ],
  },
  {
    language: 'Russian',
    said: 'Мою собаку зовут Бруно, ветеринар принимает в кабинете 4711.',
    asked: 'В каком кабинете ветеринара ждут собаки?',
    needle: '4711',
    talk: [
      'Сегодня хорошая погода.',
      'Что будем есть на обед?',
      'Поезд опять опоздал.',
      'Вчера я смотрел кино.',
    ],
  },
  {
    language: 'German',
    said: 'Die Häuser in der Gasse haben den Schlüssel 4711.',
    asked: 'Welchen Schlüssel hat das Haus in den Gassen?',
    needle: '4711',
    talk: [
      'Heute ist schönes Wetter.',
      'Was essen wir zu Mittag?',
      'Der Zug war wieder verspätet.',
      'Gestern sah ich einen Film.',
    ],
  },
  {
    language: 'Polish',
    said: 'Moja szafka na dworcu ma kod 4711.',
    asked: 'Jaki jest kod do szafki z dworca?',
    needle: '4711',
    talk: [
      'Dzisiaj jest ładna pogoda.',
      'Co zjemy na obiad?',
      'Pociąg znowu się spóźnił.',
      'Wczoraj oglądałem film.',
    ],
  },
  {
    language: 'Hungarian',
    said: 'A szekrényem kódja 4711, az állomáson van.',
    asked: 'Mi a kód az állomási szekrényhez?',
    needle: '4711',
    talk: ['Ma szép idő van.', 'Mit együnk ebédre?', 'A vonat megint késett.', 'Tegnap filmet néztem.'],
  },
  {
    language: 'Arabic',
    said: 'رمز الخزانة في المحطة هو 4711.',
    asked: 'ما رمز خزانتي بالمحطة؟',
    needle: '4711',
    talk: ['الطقس جميل اليوم.', 'ماذا نأكل على الغداء؟', 'تأخر القطار مرة أخرى.', 'شاهدت فيلما أمس.'],
  },
  {
    language: 'Hebrew',
    said: 'הקוד של הארונית בתחנה הוא 4711.',
    asked: 'מה קוד לארונית שבתחנה?',
    needle: '4711',
    talk: ['היום מזג האוויר נעים.', 'מה נאכל בצהריים?', 'הרכבת שוב איחרה.', 'ראיתי סרט אתמול.'],
  },
  {
    language: 'Chinese',
    said: '我在火车站的储物柜密码是4711。',
    asked: '火车站储物柜的密码是什么？',
    needle: '4711',
    talk: ['今天天气很好。', '中午吃什么呢？', '公交又晚点了。', '昨天看了电影。'],
  },
  {
    language: 'Japanese',
    said: '駅のロッカーの暗証番号は4711です。',
    asked: 'ロッカーの番号を教えて',
    needle: '4711',
    talk: [
      '今日は天気がいいですね。',
      'お昼は何を食べましょうか。',
      '電車がまた遅れました。',
      '昨日映画を見ました。',
    ],
  },
  {
    language: 'Thai',
    said: 'รหัสตู้เก็บของที่สถานีคือ 4711',
    asked: 'ตู้เก็บของที่สถานีรหัสอะไร',
    needle: '4711',
    talk: ['วันนี้อากาศดีมาก', 'กลางวันกินอะไรดี', 'รถไฟมาช้าอีกแล้ว', 'เมื่อวานดูหนัง'],
  },
  {
    language: 'Hindi',
    said: 'मेरी अलमारी का कोड 4711 है, स्टेशन पर।',
    asked: 'स्टेशन की अलमारियों का कोड क्या था?',
    needle: '4711',
    talk: ['आज मौसम बहुत अच्छा है।', 'दोपहर में क्या खाएँ?', 'ट्रेन फिर देर से आई।', 'कल फ़िल्म देखी।'],
  },
  {
    language: 'Greek',
    said: 'Ο κωδικός της θυρίδας στον σταθμό είναι 4711.',
    asked: 'Ποιος είναι ο κωδικός για τις θυρίδες του σταθμού;',
    needle: '4711',
    talk: [
      'Σήμερα έχει ωραίο καιρό.',
      'Τι θα φάμε το μεσημέρι;',
      'Το τρένο άργησε πάλι.',
      'Χθες είδα μια ταινία.',
    ],
  },
  {
    language: 'English',
    said: 'The lockers at the station open with 4711.',
    asked: 'What opens my locker in those stations?',
    needle: '4711',
    talk: [
      'Nice weather today.',
      'What shall we have for lunch?',
      'The train was late again.',
      'I saw a film yesterday.',
    ],
  },
]

describe('what was said long ago', () => {
  it.each(cases)('is found in other forms of its words: $language', ({ said, asked, needle, talk }) => {
    const messages = log(
      ...talk.slice(0, 2).map((text): Entry => ['user', text]),
      ['user', said],
      ...Array.from({ length: 120 }, (_, index): Entry => [
        index % 2 === 0 ? 'assistant' : 'user',
        `${talk[index % talk.length]} (${index + 9000})`,
      ]),
      ['user', asked],
    )
    // A turn that asks by itself, and a caller that looks it up.
    for (const query of [undefined, asked]) {
      const built = buildContext({ messages, ...(query === undefined ? {} : { query }) }, { maxTokens: 900 })
      expect(built.report.kept.recall).toContain(3)
      expect(built.messages.some((message) => textOf(message).includes(needle))).toBe(true)
    }
  })
})
