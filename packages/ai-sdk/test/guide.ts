import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const page = readFileSync(resolve(import.meta.dirname, '../../../docs/ai-sdk.md'), 'utf8')

/** The files in docs/ai-sdk.md, by their names. */
export function guideFiles(): Map<string, string> {
  const blocks = [...page.matchAll(/^```[jt]sx?\n\/\/ ([^\s:]+\.(?:tsx?|mjs)).*\n([\s\S]*?)^```$/gm)]
  return new Map(blocks.map(([, name, code]) => [name!, code!]))
}

/** The commands at its beginning: what makes the application, and what it installs. */
export function guideCommands(): string[] {
  return /^```sh\n([\s\S]*?)^```$/m.exec(page)![1]!.trim().split('\n')
}
