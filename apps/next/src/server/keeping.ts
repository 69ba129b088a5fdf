const dayMs = 24 * 3_600_000

/** How long the chat keeps what. The service is made with it, and a page tells visitors. */
export const keeping = {
  conversations: { idleMs: 90 * dayMs, absoluteMs: 365 * dayMs },
  /** The cart of a conversation, after the last write to that conversation. */
  cartMs: 30 * dayMs,
  /** What a guest had decided before, after the last decision. */
  earlierDecisionsMs: 365 * dayMs,
  /** What answers used, without what was said. */
  usageMs: 365 * dayMs,
  /** After a guest is erased: calls in flight are refused for so long. */
  fenceMs: 3_600_000,
} as const
