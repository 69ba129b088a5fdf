import { describe, expect, it } from 'vitest'
import {
  decodeBundle,
  decodeEnvelope,
  decodeHeartbeat,
  encodeBundle,
  encodeEnvelope,
  encodeHeartbeat,
} from '../../src/bus/envelope.js'
import type { SessionNotice } from '../../src/store.js'

const changed: SessionNotice = { tenantId: 'acme', id: 'a', kind: 'changed', incarnation: 'i', changes: 7 }
const removed: SessionNotice = { tenantId: '', id: '', kind: 'removed' }
const bare: SessionNotice = { tenantId: 'acme', id: 'b', kind: 'changed', changes: 0 }

describe('what a process sends', () => {
  it('comes as it was sent', () => {
    for (const batch of [[changed, removed, bare], [], 'all'] as const) {
      const envelope = { sender: 'x', number: 3, batch }
      expect(decodeEnvelope(encodeEnvelope(envelope))).toEqual(envelope)
      const parts = [
        { topic: 0, number: 1, batch },
        { topic: 63, number: 2, batch },
      ]
      expect(decodeBundle(encodeBundle({ sender: 'x', parts }))).toEqual({ sender: 'x', parts })
    }
    expect(decodeBundle(encodeBundle({ sender: 'x', parts: [] }))).toEqual({ sender: 'x', parts: [] })
    for (const numbers of [
      [],
      [[0, 1]],
      [
        [0, 1],
        [63, 9],
      ],
    ] as const) {
      expect(decodeHeartbeat(encodeHeartbeat({ sender: 'x', numbers }))).toEqual({ sender: 'x', numbers })
    }
  })
})

const line = ['acme', 'a', 0, 'i', 7]
/** A row with something else at one place. */
const withAt = (row: readonly unknown[], at: number, value: unknown) => row.with(at, value)
const lines: readonly (readonly [what: string, line: unknown])[] = [
  ['no line', 'acme'],
  ['an object of five', { length: 5, 0: 'acme', 1: 'a', 2: 0, 3: 'i', 4: 7 }],
  ['a short line', line.slice(0, 4)],
  ['a long line', [...line, 1]],
  ['no tenant', withAt(line, 0, 1)],
  ['no id', withAt(line, 1, null)],
  ['no kind', withAt(line, 2, 2)],
  ['a kind that is a text', withAt(line, 2, '0')],
  ['no incarnation', withAt(line, 3, 1)],
  ['no count', withAt(line, 4, '7')],
]

describe('what no process of ours has sent is nothing', () => {
  it.each(lines)('%s among the notices', (_, wrong) => {
    for (const batch of [[wrong], [line, wrong], [wrong, line]]) {
      expect(decodeEnvelope(JSON.stringify(['x', 1, batch]))).toBeUndefined()
      expect(decodeBundle(JSON.stringify(['x', [[1, 1, batch]]]))).toBeUndefined()
      expect(
        decodeBundle(
          JSON.stringify([
            'x',
            [
              [1, 1, [line]],
              [1, 1, batch],
            ],
          ]),
        ),
      ).toBeUndefined()
    }
  })

  it.each([
    ['no JSON', '['],
    ['no list', '{"0":"x","1":1,"2":[]}'],
    ['nothing', 'null'],
    ['a number', '7'],
    ['no sender', '[1,1,[]]'],
    ['no number', '["x","1",[]]'],
    ['a part of a number', '["x",1.5,[]]'],
    ['no notices', '["x",1]'],
    ['notices that are no list', '["x",1,{"length":0}]'],
    ['another number in place of notices', '["x",1,1]'],
  ])('%s as an envelope', (_, text) => {
    expect(decodeEnvelope(text)).toBeUndefined()
  })

  it.each([
    ['no JSON', '['],
    ['no list', '{"0":"x","1":[]}'],
    ['no sender', '[1,[]]'],
    ['no parts', '["x"]'],
    ['parts that are no list', '["x",{"length":0}]'],
    ['a part that is none', '["x",[1]]'],
    ['a part without a topic', '["x",[["1",1,[]]]]'],
    ['a part of a topic', '["x",[[1.5,1,[]]]]'],
    ['a part without a number', '["x",[[1,"1",[]]]]'],
    ['a part without notices', '["x",[[1,1]]]'],
  ])('%s as a bundle', (_, text) => {
    expect(decodeBundle(text)).toBeUndefined()
  })

  it.each([
    ['no JSON', '['],
    ['no list', '{"0":"x","1":[]}'],
    ['no sender', '[1,[]]'],
    ['no numbers', '["x"]'],
    ['numbers that are no list', '["x",7]'],
    ['a pair that is none', '["x",[1]]'],
    ['a pair of one', '["x",[[1]]]'],
    ['a pair of three', '["x",[[1,2,3]]]'],
    ['a pair of texts', '["x",[["1","2"]]]'],
    ['a pair of a text and a number', '["x",[["1",2]]]'],
    ['a pair that is none behind one', '["x",[[1,2],[1]]]'],
    ['a pair that is an object', '["x",[{"length":2,"0":1,"1":2}]]'],
  ])('%s as a heartbeat', (_, text) => {
    expect(decodeHeartbeat(text)).toBeUndefined()
  })
})
