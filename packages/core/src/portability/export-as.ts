import { followed } from '../audit/audited.js'
import { checkOptions } from '../options.js'
import type { LiveSession } from '../service/live-session.js'
import { beginSessionExport } from './audited.js'
import { exportSession } from './export-sessions.js'
import { exportMarkdown } from './markdown.js'

/** How a session is exported. */
export interface SessionExportOptions {
  /** `jsonl`: all of it, as lines of JSON; `markdown`: the active branch, for people to read (default `jsonl`). */
  format?: 'jsonl' | 'markdown'
}

/** A session in one of the formats. @throws `invalid` */
export async function* exportAs(
  live: LiveSession,
  options: SessionExportOptions,
): AsyncGenerator<string, void, undefined> {
  checkOptions<SessionExportOptions>(options, { format: ['jsonl', 'markdown'] })
  const pieces = options.format === 'markdown' ? exportMarkdown(live) : exportSession(live)
  yield* followed(await beginSessionExport(live), pieces)
}
