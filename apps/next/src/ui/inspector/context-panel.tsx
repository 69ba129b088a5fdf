'use client'

import { useDeferredValue, useState } from 'react'
import { call } from '../api-client.ts'
import { type ContextPart, contextParts, type Part, type PromptView } from '../wire.ts'
import type { PanelProps } from './cart-panel.tsx'
import { useResource } from './use-resource.ts'

const names: Record<ContextPart, string> = {
  tools: 'Tools',
  system: 'Instructions',
  facts: 'Facts',
  preferences: 'Preferences',
  cart: 'Cart',
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

/** As a model gets it. */
const usualBudget = 8000

/** What the model would be sent now: messages, tools, and their tokens. */
export function ContextPanel({ sessionId, mark }: PanelProps) {
  const [budget, setBudget] = useState(usualBudget)
  const wanted = useDeferredValue(budget)
  const context = useResource(
    () => call<PromptView>('GET', `/chat/${sessionId}/context?maxTokens=${wanted}`),
    `${mark} ${wanted}`,
  )
  return (
    <>
      <label className="budget">
        <span>Budget</span>
        <output className="numbers">{budget.toLocaleString('en')} tokens</output>
        <input
          type="range"
          min={1000}
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
      {context.value === undefined ? undefined : <Shown prompt={context.value} />}
    </>
  )
}

function Shown({ prompt }: { prompt: PromptView }) {
  const { context, tools, maxTokens: budget } = prompt
  const { messages, report } = context
  const tokens = context.tokens + report.tokens.tools
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
              : {(Object.hasOwn(whys, why) ? whys[why] : undefined) ?? why}
            </li>
          ))}
        </ul>
      )}
      <h2>What it reads</h2>
      {messages.length === 0 ? <p className="panel-note">Nothing yet.</p> : undefined}
      <ol className="context-messages">
        {messages.map((message, index) => (
          <li key={index}>
            <details>
              <summary>
                <span className="context-head">
                  <span className="swatch" data-part={message.part} />
                  {message.role}
                  <span className="numbers">{message.tokens}</span>
                </span>
                <span className="context-text">{textOfAll(message.content)}</span>
              </summary>
            </details>
          </li>
        ))}
      </ol>
      <h2>Tools it may call</h2>
      <ul className="context-tools">
        {tools.map(({ name, description, inputSchema }) => (
          <li key={name}>
            <details>
              <summary>
                <code>{name}</code> {description}
              </summary>
              <pre>{JSON.stringify(inputSchema, null, 2)}</pre>
            </details>
          </li>
        ))}
      </ul>
    </>
  )
}

/** Every part that is sent, as text. */
function textOfAll(content: string | readonly Part[]): string {
  if (typeof content === 'string') return content
  const texts = content.map((part) => {
    if (part.type === 'tool-call') return `calls ${String(part['toolName'])} ${JSON.stringify(part['input'])}`
    if (part.type === 'tool-result') return JSON.stringify(part['output'])
    return typeof part['text'] === 'string' ? part['text'] : `[${part.type}]`
  })
  return texts.join('\n')
}
