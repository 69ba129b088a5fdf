'use client'

import { useDeferredValue, useState } from 'react'
import { call } from '../api-client.ts'
import { textOf } from '../conversation/pieces.ts'
import { type ContextPart, contextParts, type ContextView, type Part } from '../wire.ts'
import type { PanelProps } from './cart-panel.tsx'
import { useResource } from './use-resource.ts'

const names: Record<ContextPart, string> = {
  system: 'Instructions',
  facts: 'Facts',
  summary: 'Summary',
  recall: 'Recalled',
  history: 'History',
  query: 'Question',
  reply: 'Kept for the reply',
}

const whys: Readonly<Record<string, string>> = {
  summarized: 'the summary tells of it',
  'outside-window': 'too long ago for the budget',
  'no-question': 'an answer whose question is out',
}

const usualBudget = 4000

/** The messages that the model would get now, and their tokens. */
export function ContextPanel({ sessionId, mark }: PanelProps) {
  const [budget, setBudget] = useState(usualBudget)
  const wanted = useDeferredValue(budget)
  const context = useResource(
    async () =>
      (await call<{ context: ContextView }>('GET', `/sessions/${sessionId}/context?maxTokens=${wanted}`))
        .context,
    `${mark} ${wanted}`,
  )
  return (
    <>
      <label className="budget">
        <span>Budget</span>
        <output className="numbers">{budget.toLocaleString('en')} tokens</output>
        <input
          type="range"
          min={500}
          max={8000}
          step={100}
          value={budget}
          aria-label="Budget in tokens"
          onChange={(event) => setBudget(Number(event.target.value))}
        />
      </label>
      {context.problem === undefined ? undefined : (
        <p className="problem" role="alert">
          {context.problem}
        </p>
      )}
      {context.value === undefined ? undefined : <Shown context={context.value} budget={wanted} />}
    </>
  )
}

function Shown({ context, budget }: { context: ContextView; budget: number }) {
  const { messages, tokens, report } = context
  const parts = contextParts
    .map((part) => ({ part, tokens: report.tokens[part] ?? 0 }))
    .filter((each) => each.tokens > 0)
  return (
    <>
      <div
        className="token-bar"
        role="img"
        aria-label={`${tokens} of ${budget} tokens: ${parts.map((each) => `${names[each.part]} ${each.tokens}`).join(', ')}`}
      >
        {parts.map(({ part, tokens: count }) => (
          <span key={part} data-part={part} style={{ width: `${Math.min(100, (count / budget) * 100)}%` }} />
        ))}
      </div>
      <dl className="legend">
        {parts.map(({ part, tokens: count }) => (
          <div key={part}>
            <dt>
              <span className="swatch" data-part={part} />
              {names[part]}
            </dt>
            <dd className="numbers">{count.toLocaleString('en')}</dd>
          </div>
        ))}
        <div className="sum">
          <dt>Sent in all</dt>
          <dd className="numbers">{tokens.toLocaleString('en')}</dd>
        </div>
      </dl>
      <h2>Left out</h2>
      {report.dropped.length === 0 ? (
        <p className="panel-note">Nothing. All of it fits.</p>
      ) : (
        <ul className="dropped">
          {report.dropped.map(({ from, to, messages: count, why }) => (
            <li key={`${from}-${to}`}>
              {count} {count === 1 ? 'message' : 'messages'}, number {from === to ? from : `${from} to ${to}`}
              : {whys[why] ?? why}
            </li>
          ))}
        </ul>
      )}
      <h2>What it reads</h2>
      {messages.length === 0 ? <p className="panel-note">Nothing yet.</p> : undefined}
      <ol className="context-messages">
        {messages.map((message, index) => (
          <li key={index}>
            <p className="context-head">
              <span className="swatch" data-part={message.part} />
              {message.role}
              <span className="numbers">{message.tokens}</span>
            </p>
            <p className="context-text">{shortTextOf(message.content)}</p>
          </li>
        ))}
      </ol>
    </>
  )
}

function shortTextOf(content: string | readonly Part[]): string {
  const text = textOf({ content }).replaceAll(/\n{2,}/g, '\n')
  if (text !== '' || typeof content === 'string') return text
  return content
    .map((part) => {
      if (part.type === 'tool-call')
        return `calls ${String(part['toolName'])} ${JSON.stringify(part['input'])}`
      return part.type === 'tool-result' ? JSON.stringify(part['output']) : `[${part.type}]`
    })
    .join('\n')
}
