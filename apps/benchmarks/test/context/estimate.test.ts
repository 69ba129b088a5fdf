import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { estimateRow, estimateRows, estimateTable, others } from '../../src/context/estimate-table.js'
import { declarations } from '../../src/context/declarations.js'

const docs = readFileSync(new URL('../../../../docs/context.md', import.meta.url), 'utf8')

// As people write, each long enough that the rounding of one word says nothing.
const chats: Readonly<Record<string, string>> = {
  Turkish:
    'Merhaba, geçen hafta sipariş ettiğim telefon hâlâ gelmedi. Kargo numarasını da göremiyorum, yardımcı olabilir misiniz? Adresimi de değiştirmek istiyorum.',
  Finnish:
    'Hei, viime viikolla tilaamani puhelin ei ole vieläkään saapunut. En löydä seurantakoodia mistään, voisitteko auttaa? Haluaisin myös vaihtaa toimitusosoitteen.',
  Polish:
    'Dzień dobry, telefon zamówiony w zeszłym tygodniu jeszcze nie dotarł. Nie widzę też numeru przesyłki, czy mogą Państwo pomóc? Chciałbym zmienić adres dostawy.',
  Hungarian:
    'Jó napot, a múlt héten rendelt telefonom még mindig nem érkezett meg. A csomagszámot sem találom, tudnának segíteni? A szállítási címet is szeretném megváltoztatni.',
  Czech:
    'Dobrý den, telefon objednaný minulý týden ještě nedorazil. Nevidím ani číslo zásilky, můžete mi prosím pomoci? Rád bych také změnil doručovací adresu.',
  Vietnamese:
    'Xin chào, điện thoại tôi đặt tuần trước vẫn chưa đến. Tôi cũng không thấy mã vận đơn, bạn có thể giúp tôi không? Tôi muốn đổi địa chỉ giao hàng.',
  Russian:
    'Здравствуйте, телефон, который я заказал на прошлой неделе, до сих пор не пришёл. Номера посылки я тоже не вижу, можете помочь? Хочу поменять адрес доставки.',
  Ukrainian:
    'Добрий день, телефон, який я замовив минулого тижня, досі не прийшов. Номера посилки я теж не бачу, чи можете допомогти? Хочу змінити адресу доставки.',
  Greek:
    'Καλημέρα, το τηλέφωνο που παρήγγειλα την περασμένη εβδομάδα δεν έχει έρθει ακόμα. Δεν βλέπω ούτε τον αριθμό αποστολής, μπορείτε να βοηθήσετε;',
  Hebrew:
    'שלום, הטלפון שהזמנתי בשבוע שעבר עדיין לא הגיע. אני גם לא רואה את מספר המשלוח, אפשר לעזור? אני רוצה לשנות את הכתובת.',
  Arabic:
    'مرحبا، الهاتف الذي طلبته الأسبوع الماضي لم يصل بعد. لا أرى رقم الشحنة أيضا، هل يمكنكم المساعدة؟ أريد تغيير عنوان التوصيل.',
  Hindi:
    'नमस्ते, पिछले हफ्ते मंगाया हुआ फ़ोन अभी तक नहीं आया है। मुझे पार्सल नंबर भी नहीं दिख रहा, क्या आप मदद कर सकते हैं? पता भी बदलना है।',
  Thai: 'สวัสดีครับ โทรศัพท์ที่สั่งเมื่อสัปดาห์ที่แล้วยังไม่มาเลย ผมไม่เห็นเลขพัสดุด้วย ช่วยตรวจสอบให้หน่อยได้ไหม และอยากเปลี่ยนที่อยู่จัดส่ง',
  Chinese:
    '你好，我上周订的手机到现在还没有送到，也看不到快递单号，可以帮我查一下吗？另外我想把收货地址改成公司的地址，谢谢。',
  Japanese:
    'こんにちは、先週注文した携帯電話がまだ届いていません。追跡番号も見当たらないのですが、確認していただけますか。配送先の住所も変更したいです。',
  Korean:
    '안녕하세요, 지난주에 주문한 휴대폰이 아직 도착하지 않았어요. 운송장 번호도 안 보이는데 확인해 주실 수 있나요? 배송지도 바꾸고 싶어요.',
  Amharic:
    'ሰላም፣ ባለፈው ሳምንት ያዘዝኩት ስልክ እስካሁን አልደረሰም። የጥቅሉን ቁጥርም ማየት አልቻልኩም፣ ሊረዱኝ ይችላሉ? የመላኪያ አድራሻውንም መቀየር እፈልጋለሁ።',
  Georgian:
    'გამარჯობა, გასულ კვირას შეკვეთილი ტელეფონი ჯერ არ მოსულა. ამანათის ნომერსაც ვერ ვხედავ, შეგიძლიათ დამეხმაროთ?',
  English:
    "Hi, the phone I ordered last week still hasn't come. I can't see a tracking number either, could you help me? I'd also like to change the address it goes to.",
}

describe('estimateTokens', () => {
  it.each(Object.entries({ ...declarations, ...others }))(
    'is never under either tokenizer by more than 5 %%: %s',
    (kind, text) => {
      const row = estimateRow(kind, text)
      expect(Math.min(row.o200k, row.cl100k)).toBeGreaterThanOrEqual(0.95)
    },
  )

  it.each(Object.entries(chats))('nor on what people write: %s', (kind, text) => {
    const row = estimateRow(kind, text)
    expect(Math.min(row.o200k, row.cl100k)).toBeGreaterThanOrEqual(0.95)
  })

  it('is near for what most people send', () => {
    for (const [kind, text] of [
      ['English', chats['English']!],
      ['TypeScript', others['TypeScript']!],
      ['Markdown', others['Markdown']!],
    ] as const) {
      expect(estimateRow(kind, text).o200k).toBeLessThan(1.4)
    }
  })

  it('is as the documentation says', () => {
    expect(docs).toContain(estimateTable(estimateRows()))
  })
})
