import { respondWith } from '@sessions/ai-sdk'
import type { LanguageModel } from 'ai'
import { prompt } from './prompt.ts'

/** Calls a real model with the context of the session. The turn runs the tools. */
export const respondByModel = respondWith(chosenModel, {
  ...prompt,
  // What a session refers to must be in the session: OpenAI keeps its own copies for 30 days.
  providerOptions: { openai: { store: false } },
})

/** `CHAT_MODEL`, of the provider that has a key, OpenAI first; other providers are reached through the gateway. */
async function chosenModel(): Promise<LanguageModel> {
  const { OPENAI_API_KEY, ANTHROPIC_API_KEY, CHAT_MODEL } = process.env
  if (OPENAI_API_KEY) return (await import('@ai-sdk/openai')).openai(CHAT_MODEL || 'gpt-5-mini')
  if (ANTHROPIC_API_KEY)
    return (await import('@ai-sdk/anthropic')).anthropic(CHAT_MODEL || 'claude-haiku-4-5')
  // A name alone is a model of the gateway, which reads its key itself.
  return CHAT_MODEL || 'openai/gpt-5-mini'
}
