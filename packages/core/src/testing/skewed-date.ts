/** Does `work` in a process whose `Date` is `offMs` off. */
export async function withDateOff<T>(offMs: number, work: () => Promise<T>): Promise<T> {
  const RealDate = globalThis.Date
  class SkewedDate extends RealDate {
    constructor(...parts: unknown[]) {
      super(...((parts.length === 0 ? [RealDate.now() + offMs] : parts) as [number]))
    }
    static override now(): number {
      return RealDate.now() + offMs
    }
  }
  globalThis.Date = SkewedDate as DateConstructor
  try {
    return await work()
  } finally {
    globalThis.Date = RealDate
  }
}
