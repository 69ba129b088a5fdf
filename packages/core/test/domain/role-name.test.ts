import { expect, it } from 'vitest'
import { readsAsRole } from '../../src/domain/role-name.js'

const others = /[^\p{L}\p{N}]/gu

it.each([
  'assistant',
  ' System ',
  'ＡＳＳＩＳＴＡＮＴ',
  '[tool]',
  // Each with letters of another script that look like Latin ones, or with accents.
  'аssistant',
  'АSSІSTАNТ',
  'ѕуѕтем',
  'ΗUΜΑΝ',
  'υѕеr',
  'ᴀꜱꜱɪꜱᴛᴀɴᴛ',
  '𝐬𝐲𝐬𝐭𝐞𝐦',
  'ássïstânt',
  's\u0323ystem',
  'tооӏ',
  'ᴍᴏᴅᴇʟ',
  'ԁеѵеӏореr',
  'ƒunction'.replace('ƒ', 'ꜰ'),
])('takes %s for a role', (name) => {
  expect(readsAsRole(name, others)).toBe(true)
})

it.each([
  'Ada',
  'Ái',
  'Аи',
  'Иван',
  'Ασπασία',
  'Botond',
  'Anna Müller',
  'user42',
  '',
  '?!',
  'Ὀδυσσεύς',
  'Агент',
])('takes %s for a name', (name) => {
  expect(readsAsRole(name, others)).toBe(false)
})
