/** What a conversation is called where it has no title yet. */
export function titleOf({ title }: { readonly title?: string }): string {
  return title ?? 'New conversation'
}

/** The title of a fork, within what a title may be long. */
export function forkTitle(title: string | undefined): string {
  const base = (title ?? 'Conversation').replace(/ \(fork(?: (\d+))?\)$/, '')
  return `${base.slice(0, 190)} (fork)`
}
