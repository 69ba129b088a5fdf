import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Message } from '@sessions/core'
import type { CountTokens } from '@sessions/core/context'

/** A long conversation, and questions about it with the messages that answer them. */
export interface Conversation {
  readonly name: string
  readonly messages: readonly Message[]
  readonly questions: readonly Question[]
}

export interface Question {
  readonly text: string
  /** Seqs of the messages that contain the answer. */
  readonly evidence: readonly number[]
}

interface File {
  turns?: { id: string; at?: string; speaker: string; text: string }[]
  questions?: { question: string; evidence: string[] }[]
}

/** How this benchmark counts, for all strategies: characters / 4 + 4 a message. */
export const countByLength: CountTokens = ({ content }) =>
  Math.ceil((typeof content === 'string' ? content : JSON.stringify(content)).length / 4) + 4

/** Every `*.json` in the folder with turns and questions; other files are skipped. */
export async function loadConversations(folder: string): Promise<Conversation[]> {
  const conversations: Conversation[] = []
  for (const name of (await readdir(folder)).filter((name) => name.endsWith('.json')).sort()) {
    const file = JSON.parse(await readFile(join(folder, name), 'utf8')) as File
    if (!Array.isArray(file.turns) || !Array.isArray(file.questions)) continue
    conversations.push(toConversation(name, file.turns, file.questions))
  }
  if (conversations.length === 0) throw new Error(`${folder} holds no conversation with turns and questions`)
  return conversations
}

function toConversation(
  name: string,
  turns: NonNullable<File['turns']>,
  asked: NonNullable<File['questions']>,
): Conversation {
  const seqs = new Map(turns.map(({ id }, index) => [id, index + 1]))
  let last = 0
  const messages = turns.map(({ id, at, speaker, text }, index): Message => {
    const content = `${speaker}: ${text}`
    const role = speaker === turns[0]!.speaker ? 'user' : 'assistant'
    last = Math.max(last + 1, timeOf(at))
    const tokens = countByLength({ role, content })
    return { seq: index + 1, id, role, content, at: last, tokens, status: 'completed' }
  })
  const questions = asked.map(({ question, evidence }) => ({
    text: question,
    evidence: [...new Set(evidence)].flatMap((id) => seqs.get(id) ?? []),
  }))
  return { name, messages, questions: questions.filter(({ evidence }) => evidence.length > 0) }
}

/** `1:56 pm on 8 May, 2023`, or anything a Date reads; 0 for anything else. */
function timeOf(at = ''): number {
  const spoken = /^(\d+):(\d+) (am|pm) on (\d+ \w+), (\d+)$/i.exec(at)
  if (spoken === null) return Date.parse(at) || 0
  const [, hour, minute, half, day, year] = spoken
  const hours = (Number(hour) % 12) + (half!.toLowerCase() === 'pm' ? 12 : 0)
  return Date.parse(`${day} ${year} ${hours}:${minute}:00 UTC`) || 0
}
