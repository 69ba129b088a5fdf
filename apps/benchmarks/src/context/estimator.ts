import { estimateTokens } from '@sessions/core/context'
import { encode } from 'gpt-tokenizer/encoding/o200k_base'
import type { Conversation } from './conversations.js'

export interface EstimatorError {
  readonly kind: string
  readonly texts: number
  /** Of (estimate - tokens) / tokens; above 0 the estimate is too high. */
  readonly median: number
  readonly p5: number
  readonly p95: number
}

// The estimate of a message includes a constant for the role; an encoder of text does not.
const perMessage = estimateTokens({ role: 'user', content: '' })

const code = `export function windowOf(groups: readonly Group[], room: number): number[] {
  const kept: number[] = []
  let left = room
  for (let index = groups.length - 1; index >= 0; index--) {
    const group = groups[index]!
    if (group.tokens > left) break
    left -= group.tokens
    kept.push(index)
  }
  return kept.reverse()
}

SELECT s.tenant_id, s.id, count(*) AS messages, max(m.at) AS last_at
FROM sessions s JOIN session_messages m ON m.session_key = s.key
WHERE s.tenant_id = $1 AND s.deadline > now() AND s.label = 'support'
GROUP BY s.tenant_id, s.id ORDER BY last_at DESC LIMIT 50;

{"items":[{"sku":"IPH15-128-BLK","quantity":2,"price":{"amount":99900,"currency":"USD"}}],"total":199800,"at":"2026-03-05T10:15:00.000Z"}

def merge_patch(target, patch):
    merged = dict(target)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = merge_patch(merged.get(key, {}), value)
    return merged`

const chinese = `会话窗口会在每次调用模型之前重新构建。我们保留系统提示、已知事实、摘要以及最近的消息，并且从更早的对话中找出与当前问题有关的内容。
请问我上周买的那部手机什么时候可以送到？如果可以的话，我想把收货地址改成公司的地址，谢谢。`
const japanese = `会話の履歴は消えません。モデルに渡すのは、その時に必要なメッセージだけです。先週注文した携帯電話はいつ届きますか。
もし可能であれば、配送先の住所を会社に変更したいです。よろしくお願いします。`
const korean = `대화 기록은 지워지지 않습니다. 모델에는 지금 필요한 메시지만 전달합니다. 지난주에 주문한 휴대폰은 언제 도착하나요? 가능하다면 배송지를 회사로 바꾸고 싶습니다.`

export function measureEstimator(conversations: readonly Conversation[]): readonly EstimatorError[] {
  const english = conversations.flatMap(({ messages }) => messages.map(({ content }) => content as string))
  return [
    errorOf('English dialogue', english),
    errorOf('code and JSON', code.split('\n\n')),
    errorOf('Chinese', chinese.split(/(?<=[。？，])/)),
    errorOf('Japanese', japanese.split(/(?<=[。])/)),
    errorOf('Korean', korean.split(/(?<=[.?])/)),
  ]
}

function errorOf(kind: string, texts: readonly string[]): EstimatorError {
  const errors = texts
    .filter((text) => text.trim() !== '')
    .map((text) => {
      const tokens = encode(text).length
      return (estimateTokens({ role: 'user', content: text }) - perMessage - tokens) / tokens
    })
    .sort((a, b) => a - b)
  const at = (share: number) => errors[Math.min(errors.length - 1, Math.floor(share * errors.length))]!
  return { kind, texts: errors.length, median: at(0.5), p5: at(0.05), p95: at(0.95) }
}
