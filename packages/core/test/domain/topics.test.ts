import { describe, expect, it } from 'vitest'
import { TopicCounts, topTopics } from '../../src/domain/topics.js'

describe('topTopics', () => {
  it('counts words over messages, without punctuation, stop words or plural', () => {
    const texts = [
      'What smartphones do you have?',
      'A smartphone, with a good camera!',
      'Which camera is best? smartphone smartphone',
    ]
    expect(topTopics(texts)).toEqual([
      { word: 'smartphone', count: 3 },
      { word: 'camera', count: 2 },
      { word: 'best', count: 1 },
    ])
  })

  it('takes words that mostly stand together for one phrase, also with a number', () => {
    const texts = ['The battery life?', 'Battery life and iPhone 15', 'an iphone 15', 'life is good']
    expect(topTopics(texts)).toEqual([
      { word: 'battery life', count: 2 },
      { word: 'iphone 15', count: 2 },
    ])
  })

  it.each([
    ['German', ['Ich suche ein Handy', 'Welches Handy hat die Kamera?', 'Danke, und der Preis?'], 'handy'],
    ['French', ['Je cherche un téléphone', 'Quel téléphone est le bon ?', "Merci, d'accord"], 'téléphone'],
    ['Spanish', ['Busco un teléfono', '¿Qué teléfono es bueno?', 'Gracias por eso'], 'teléfono'],
    ['Italian', ['Cerco un telefono', 'Quale telefono è questo?', 'Grazie a tutti'], 'telefono'],
    ['Portuguese', ['Preciso de um telefone', 'Qual telefone é bom?', 'Obrigado por isso'], 'telefone'],
    ['Dutch', ['Ik zoek een telefoon', 'Welke telefoon is dat?', 'Ik wil het graag'], 'telefoon'],
    ['Russian', ['Мне нужен телефон', 'Какой телефон лучше?', 'Спасибо за это'], 'телефон'],
    ['Turkish', ['Bir telefon arıyorum', 'Bu telefon nasıl?', 'Çok teşekkürler'], 'telefon'],
    ['Arabic', ['أريد هاتف', 'ما سعر الهاتف؟', 'شكرا لك'], 'هاتف'],
    ['Chinese', ['我想买智能手机', '这部智能手机多少钱', '谢谢你'], '智能手机'],
    ['Japanese', ['スマートフォンを買いたいです', 'スマートフォンの価格は？', 'はい'], 'スマートフォン'],
    ['Korean', ['휴대폰을 찾고 있어요', '휴대폰 가격이 얼마예요?', '네'], '휴대폰'],
  ])('finds what is talked about in %s', (_, texts, word) => {
    const [first, second] = topTopics(texts)
    expect(first).toEqual({ word, count: 2 })
    expect(second?.count ?? 0).toBeLessThan(2)
  })

  it('ignores numbers', () => {
    expect(topTopics(['12 300 4.5'])).toEqual([])
    expect(topTopics([])).toEqual([])
  })

  it('comes to the same wherever the counts were kept and gone on with', () => {
    const words = Array.from(
      { length: 150 },
      (_, n) => `${'abcdefghij'[n % 10]}${n}word 지도 지도를 手机店 スマホ ﾗｰﾒﾝ`,
    )
    const texts = words.map((_, n) => `${words[(n * n) % 150]} ${words[(n * 7) % 40]} battery life`)
    const whole = new TopicCounts()
    let parts = new TopicCounts()
    for (const [index, text] of texts.entries()) {
      whole.add(text)
      parts.add(text)
      if (index % 3 === 0) parts = new TopicCounts(JSON.parse(JSON.stringify(parts.kept())))
    }
    expect(parts.kept()).toEqual(whole.kept())
    expect(parts.top(20)).toEqual(whole.top(20))
  })

  it('counts a word that begins to matter late', () => {
    const counts = new TopicCounts()
    for (let n = 0; n < 200; n++)
      counts.add(Array.from({ length: 6 }, (_, m) => `old${(n + m) % 90}word`).join(', '))
    for (let n = 0; n < 40; n++) counts.add(`refund, other${n}word`)
    expect(counts.top(1)).toEqual([{ word: 'refund', count: 40 }])
  })
})
