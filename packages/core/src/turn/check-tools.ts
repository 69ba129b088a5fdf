import * as z from 'zod/mini'
import { SessionError } from '../errors.js'
import { parseJsonObject } from '../json.js'

// The schemas of a server's tools, with its references written out, are deeper and longer than what is stored.
const ofSchema = { maxDepth: 1000, maxNodes: 1_000_000 }

/**
 * In JavaScript a schema of another library would be shown to the model as if it were JSON Schema, and would check
 * nothing.
 *
 * @throws `invalid` with the path of a tool that cannot run, or whose schema is no schema.
 */
export function checkTools(tools: object | undefined): void {
  for (const [name, tool] of Object.entries(tools ?? {}) as [string, unknown][]) {
    const path = `tools.${name}`
    if (typeof tool !== 'object' || tool === null)
      throw new SessionError('invalid', `${path} must be an object`, { path })
    const { inputSchema, execute } = tool as { readonly inputSchema?: unknown; readonly execute?: unknown }
    if (typeof execute !== 'function')
      throw new SessionError('invalid', `${path}.execute must be a function`, { path: `${path}.execute` })
    if (inputSchema === undefined || inputSchema instanceof z.core.$ZodType) continue
    try {
      parseJsonObject(inputSchema, path, ofSchema)
    } catch {
      throw new SessionError(
        'invalid',
        `${path}.inputSchema must be a schema of zod 4 or JSON Schema: give that of another library as JSON Schema, and check the input in execute`,
        { path: `${path}.inputSchema` },
      )
    }
  }
}
