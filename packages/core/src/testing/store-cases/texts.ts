import * as fc from 'fast-check'
import { expect } from 'vitest'
import {
  allSessions,
  append,
  expectRefusal,
  freshRef,
  freshSession,
  ids,
  message,
  type StoreChapter,
  type StoreUnderTest,
} from '../store-case.js'
import { uglyTexts } from '../ugly-texts.js'

// Any UTF-16 unit may stand anywhere, so the texts include those that encoders cannot write.
const anyText = fc.array(fc.nat(0xffff), { maxLength: 40 }).map((units) => String.fromCharCode(...units))

async function expectRoundTrip({ store, peer }: StoreUnderTest, text: string): Promise<void> {
  const ref = freshRef()
  await store.commit(ref, { revision: 0, body: text, messages: [message('m1', text)] })
  expect(await peer.read(ref, { tail: 1 })).toMatchObject({ body: text, messages: [{ payload: text }] })
  await peer.commit(ref, { revision: 1, body: `${text}${text}`, messages: [message('m2', `${text}${text}`)] })
  await peer.amend(ref, [{ seq: 1, payload: `${text}!` }])
  expect((await store.read(ref))?.body).toBe(`${text}${text}`)
  const { messages } = await store.messages(ref, { limit: 10 })
  expect(messages.map(({ payload }) => payload)).toEqual([`${text}!`, `${text}${text}`])
}

export const textCases: StoreChapter = {
  title: 'texts: bodies, payloads and names come back as they were',
  cases: [
    ...Object.entries({ ...uglyTexts, nothing: '', '1 MB': 'megabyte'.repeat(2 ** 17) }).map(
      ([what, text]) => ({
        title: `body and payload: ${what}`,
        run: (stores: StoreUnderTest) => expectRoundTrip(stores, text),
      }),
    ),
    {
      title: 'body and payload: any text at all',
      run: (stores) =>
        fc.assert(
          fc.asyncProperty(anyText, (text) => expectRoundTrip(stores, text)),
          { numRuns: 50 },
        ),
    },
    {
      title: 'a payload sent again is known to be the same',
      async run({ store, peer }) {
        const ref = await freshSession(store)
        const sent = Object.values(uglyTexts).map((text, index) => message(`m${index}`, text))
        await append(store, ref, ...sent)
        const again = await append(peer, ref, ...sent)
        expect(again.messages.filter(({ inserted }) => inserted)).toEqual([])
        const composed = await append(store, ref, message('composed', 'é'.normalize('NFC')))
        expect(composed.messages).toMatchObject([{ inserted: true }])
        const decomposed = append(peer, ref, message('composed', 'é'.normalize('NFD')))
        await expectRefusal(decomposed, 'conflict', { messageId: 'composed' })
      },
    },
    {
      title: 'title, label and user id, which list tells apart',
      async run({ store, peer }) {
        const { tenantId } = freshRef()
        const texts = Object.values(uglyTexts)
        for (const [index, text] of texts.entries()) {
          const ref = { tenantId, id: `session ${index}` }
          const names = { title: text, label: text, userId: text }
          const { record } = await store.commit(ref, { revision: 0, ...names })
          expect(record).toMatchObject(names)
          expect((await peer.read(ref))?.record).toEqual(record)
        }
        for (const [index, text] of texts.entries()) {
          const id = `session ${index}`
          expect(ids(await allSessions(peer, { tenantId, userId: text })), `user id ${index}`).toEqual([id])
          expect(ids(await allSessions(peer, { tenantId, label: text })), `label ${index}`).toEqual([id])
        }
        const records = await allSessions(peer, { tenantId })
        expect(new Set(records.map(({ title }) => title))).toEqual(new Set(texts))
      },
    },
    {
      title: 'an incarnation',
      async run({ store, peer }) {
        for (const incarnation of ['0', 'a:b*%', 'x'.repeat(200)]) {
          const ref = await freshSession(store, { incarnation })
          expect((await peer.commit(ref, { incarnation })).record.incarnation).toBe(incarnation)
        }
      },
    },
  ],
}
