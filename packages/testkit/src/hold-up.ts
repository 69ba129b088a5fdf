/** Blocks the process, as a long calculation does, after its requests have been sent. */
export async function holdUp(ms: number): Promise<void> {
  await new Promise<void>((resolve) => process.nextTick(resolve))
  const end = performance.now() + ms
  while (performance.now() < end);
}
