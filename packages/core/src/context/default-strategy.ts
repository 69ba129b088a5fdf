import type { ContextStrategy } from './strategy.js'
import { slidingWindow } from './window.js'

export function defaultStrategy(): ContextStrategy {
  return slidingWindow()
}
