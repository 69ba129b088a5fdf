import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../../..')

/** Where the application of the guide is built. */
export const folder = join(root, 'packages/ai-sdk/next16')

/** The files in docs/ai-sdk.md, by their names. */
export function guideFiles(): Map<string, string> {
  const page = readFileSync(join(root, 'docs/ai-sdk.md'), 'utf8')
  const blocks = [...page.matchAll(/^```tsx?\n\/\/ (\S+\.tsx?)\n([\s\S]*?)^```$/gm)]
  return new Map(blocks.map(([, name, code]) => [name!, code!]))
}
