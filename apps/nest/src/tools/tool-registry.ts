import type { JsonObject } from '@sessions/core'
import { z } from 'zod'
import { cartTools } from './cart-tools.js'
import { productTools } from './product-tools.js'
import type { Tool } from './tool.js'
import { transferTools } from './transfer-tools.js'

/** A tool in the format of function calling. */
export interface ToolDescription {
  readonly name: string
  readonly description: string
  /** JSON Schema. */
  readonly inputSchema: JsonObject
}

/** The tools there are, by name. */
export class ToolRegistry {
  readonly #tools: ReadonlyMap<string, Tool>

  /** @param more In addition to the gateway's own; a tool of the same name replaces one. */
  constructor(more: readonly Tool[] = []) {
    const all = [...productTools, ...cartTools, ...transferTools, ...more]
    this.#tools = new Map(all.map((each) => [each.name, each]))
  }

  find(name: string): Tool | undefined {
    return this.#tools.get(name)
  }

  describe(): ToolDescription[] {
    return [...this.#tools.values()].map(({ name, description, input }) => ({
      name,
      description,
      inputSchema: z.toJSONSchema(input, { io: 'input' }) as JsonObject,
    }))
  }
}
