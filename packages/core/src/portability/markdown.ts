import type { MessagePart } from '../domain/part.js'
import { isTextPart } from '../domain/part.js'
import type { LiveSession } from '../service/live-session.js'
import { rangesIn } from '../domain/path-ranges.js'
import { PageReader } from '../service/read-pages.js'
import { isHistoryOver } from '../session/expiry.js'
import { toIso } from '../time.js'
import type { MessageLine, ViewMessage } from './export-line.js'

/** A conversation for people to read: the messages of the active branch, in Markdown, piece by piece. */
export async function* exportMarkdown(
  live: LiveSession,
  view: ViewMessage = (line) => line,
): AsyncGenerator<string, void, undefined> {
  const { record, body, messages } = await live.load(1)
  yield `# ${oneLine(record.title ?? 'Conversation')}\n\n${toIso(record.createdAt)}\n`
  if (!live.isStored || (await isHistoryOver(live.service, record, messages.at(-1), body.turn))) return
  const reader = new PageReader(live.service.store, live.ref)
  for await (const page of reader.pages(rangesIn(body.path, record))) {
    for (const message of page) yield messageText(view({ type: 'message', ...message }))
  }
}

function messageText({ role, name, at, status, content }: MessageLine): string {
  const speaker = name === undefined ? role : `${role} (${oneLine(name)})`
  const state = status === 'completed' ? '' : `, ${status}`
  const parts = typeof content === 'string' ? [quoted(content)] : content.map(partText)
  return `\n## ${speaker}\n\n${toIso(at)}${state}\n\n${parts.filter((part) => part !== '').join('\n')}`
}

function partText(part: MessagePart): string {
  if (isTextPart(part)) return quoted(part.type === 'text' ? part.text : `(${part.type}) ${part.text}`)
  const { type, toolName } = part
  const named = typeof toolName === 'string' ? `${type} ${oneLine(toolName)}` : oneLine(type)
  const shown = 'output' in part ? part['output'] : 'input' in part ? part['input'] : part
  return quoted(`(${named}) ${JSON.stringify(shown)}`)
}

/** What somebody said can look like no heading, and like nobody else's words. */
function quoted(text: string): string {
  return text === ''
    ? ''
    : `${text
        .split(/\r\n?|\n/)
        .map((line) => `> ${line}`)
        .join('\n')}\n`
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
