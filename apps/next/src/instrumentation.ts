/** Opens the store before the first request, so that a server that cannot reach it does not start. */
export async function register(): Promise<void> {
  if (process.env['NEXT_RUNTIME'] !== 'nodejs') return
  const { chat } = await import('./server/chat.ts')
  await chat.sessions()
}
