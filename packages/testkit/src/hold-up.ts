/** Keeps the process from everything else, as a long calculation does, once what was asked for is on its way. */
export async function holdUp(ms: number): Promise<void> {
  await new Promise<void>((resolve) => process.nextTick(resolve))
  const end = performance.now() + ms
  while (performance.now() < end);
}
